# SPDX-License-Identifier: GPL-2.0
"""
Processes that own sockets and do one thing at a time, when they are told: so a
test decides who acts, and in which order.
"""

import contextlib
import os
import pickle
import signal
import socket
import struct
import threading
import traceback

from lib import kernel, tcp
from lib.processes import close_files


class Deeds:
    """The operations of an actor; @socks are its sockets by name."""

    def __init__(self, control, socks):
        self.control = control
        self.socks = dict(socks)

    def listen(self, name, family='v4', port=None, reuseport=False):
        family = tcp.FAMILIES[family]
        sock = family.open()
        if reuseport:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind((family.host, port or 0))
        sock.listen(64)
        self.socks[name] = sock
        return sock.getsockname()[:2]

    def connect(self, name, address, family='v4', bind=None):
        sock = tcp.FAMILIES[family].open()
        if bind:
            sock.bind((tcp.FAMILIES[family].host, bind))
        sock.connect(address)
        self.socks[name] = sock
        return tcp.ends(sock)

    def connect_in_thread(self, name, address, comm):
        result = []

        def run():
            kernel.write_file('/proc/thread-self/comm', comm)
            result.append(self.connect(name, address))
            result.append(threading.get_native_id())
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        return result

    def accept(self, name, listener):
        sock, _ = self.socks[listener].accept()
        self.socks[name] = sock
        return tcp.ends(sock)

    def shutdown(self, name):
        self.socks[name].shutdown(socket.SHUT_WR)

    def reset(self, name):
        tcp.reset_on_close(self.socks[name])
        self.close(name)

    def close(self, name):
        self.socks.pop(name).close()

    def give(self, name):
        """The file to the one who asks, and no longer here."""
        sock = self.socks.pop(name)
        socket.send_fds(self.control, [b'x'], [sock.fileno()])
        sock.close()

    def rename(self, comm):
        kernel.write_file('/proc/self/comm', comm)

    def seteuid(self, uid):
        os.seteuid(uid)

    def fork_and_wait(self):
        """A child that has all the sockets too; its pid."""
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            with contextlib.suppress(BaseException):
                signal.pause()
            os._exit(0)
        return pid

    def exec_cat(self):
        """Becomes another program, which runs until it is killed."""
        for sock in self.socks.values():
            sock.set_inheritable(True)
        self.control.set_inheritable(True)
        number = self.control.fileno()
        os.dup2(number, 0)
        reply(self.control, (True, None))
        os.execvp('cat', ['cat'])


def reply(control, answer):
    raw = pickle.dumps(answer)
    control.sendall(struct.pack('=I', len(raw)) + raw)


def receive(control):
    size = control.recv(4, socket.MSG_WAITALL)
    if len(size) < 4:
        raise EOFError
    raw = control.recv(struct.unpack('=I', size)[0], socket.MSG_WAITALL)
    return pickle.loads(raw)


class Actor:
    """@pid, @comm (bytes as str), @uid: what its lines must say."""

    def __init__(self, comm='actor', uid=0, **socks):
        self.comm, self.uid = comm, uid
        self.control, theirs = socket.socketpair()
        self.control.settimeout(20)
        self.pid = os.fork()
        if self.pid == 0:
            self._serve(theirs, socks)
        theirs.close()

    def _serve(self, theirs, socks):
        try:
            self.control.close()
            for number in (signal.SIGALRM, signal.SIGTERM):
                signal.signal(number, signal.SIG_DFL)
            with open('/proc/self/comm', 'wb', buffering=0) as file:
                file.write(self.comm if isinstance(self.comm, bytes)
                           else self.comm.encode())
            os.setgroups([])
            os.setresgid(self.uid, self.uid, self.uid)
            os.setresuid(self.uid, self.uid, self.uid)
            deeds = Deeds(theirs, socks)
            close_files(theirs.fileno(),
                        *(sock.fileno() for sock in socks.values()))
            while True:
                name, arguments, named = receive(theirs)
                try:
                    answer = True, getattr(deeds, name)(*arguments, **named)
                except Exception:
                    answer = False, traceback.format_exc()
                reply(theirs, answer)
        except BaseException:
            os._exit(0)

    def __getattr__(self, name):
        def call(*arguments, **named):
            reply(self.control, (name, arguments, named))
            return self.answer()
        return call

    def answer(self):
        good, result = receive(self.control)
        assert good, result
        return result

    def take(self, name):
        """Moves a socket of the actor into this process."""
        reply(self.control, ('give', (name,), {}))
        _, fds, _, _ = socket.recv_fds(self.control, 1, 1)
        self.answer()
        return socket.socket(fileno=fds[0])

    def end(self):
        """Kills it; the kernel closes all that it has open."""
        self.control.close()
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)
