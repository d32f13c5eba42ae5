# SPDX-License-Identifier: GPL-2.0
"""The command on a terminal."""

import errno
import fcntl
import os
import pty
import select
import struct
import subprocess
import termios

# A table's row with two long IPv6 addresses needs two lines.
WIDTH = 80
COMMAND = 'tcpstates'


class Terminal:
    """The command on a terminal of 80 columns."""

    def __init__(self, *words):
        self.fd, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ,
                    struct.pack('HHHH', 24, WIDTH, 0, 0))
        self.process = subprocess.Popen(
            [COMMAND, *words], stdin=slave, stdout=slave, stderr=slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(slave)
        self.text = ''

    def read(self, enough, limit=20):
        while not enough(self.text):
            if not select.select([self.fd], [], [], limit)[0]:
                raise AssertionError(f'only: {self.text!r}')
            try:
                self.text += os.read(self.fd, 65536).decode()
            except OSError as error:
                if error.errno != errno.EIO:
                    raise
                break
        return self.text

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.fd)
