# SPDX-License-Identifier: GPL-2.0
"""
What the segments that a host saw have to say of its half of a life: when the
cause of each line was there at the earliest, and the answer at the latest.
"""

from lib import tcp

# Causes by a system call, within which the line must lie.
CALLED = {'connect', 'close', 'shutdown', 'abort', 'unread', 'disconnect'}

# By the cause of the end: whether a RST came in, and whether one went out.
RESETS = {
    'rst-received': (True, False), 'refused': (True, False),
    'rst-sent': (False, True), 'abort': (False, True),
    'unread': (False, True), 'listener-closed': (False, True),
    'fin-acked': (False, False), 'timeout': (False, False),
    'synack-timeout': (False, False), 'unreachable': (False, False),
    'killed': None,
}


def first(segments, condition, after=0):
    """The first segment that fits, from a time on; None if there is none."""
    return next((segment for segment in segments
                 if segment.ns >= after and condition(segment)), None)


class Side:
    """One host's half of a life, and the segments that it saw."""

    def __init__(self, life, capture, end, calls):
        self.life, self.calls = life, calls
        self.came, self.went = capture.of(end)
        self.faults = []
        self.widths = []    # ns between the bounds of a line that has both
        self.syn = first(self.went, lambda one: one.has(tcp.SYN))
        self.fin = first(self.went, lambda one: one.has(tcp.FIN))

    def fault(self, text, event):
        self.faults.append(
            f'{text}: {event.text.strip()}\n' +
            ''.join(f'  in  {one}\n' for one in self.came) +
            ''.join(f'  out {one}\n' for one in self.went))

    def check(self):
        for event in self.life.events:
            lower, upper = self.bounds(event)
            self._between(event, lower, upper)
        last = self.life.last
        if last.new == 'CLOSE' and last.old != 'TIME_WAIT':
            self._resets(last)
        return self.faults

    def _between(self, event, lower, upper):
        if not lower:
            self.fault('no segment or call that could cause it', event)
        elif lower > event.real_ns:
            self.fault(f'{lower - event.real_ns} ns before its cause', event)
        if upper and upper < event.real_ns:
            self.fault(f'{event.real_ns - upper} ns after the answer', event)
        if lower and upper:
            self.widths.append(upper - lower)

    def _resets(self, event):
        came = any(one.has(tcp.RST) for one in self.came
                   if one.ns <= event.real_ns)
        went = any(one.has(tcp.RST) for one in self.went)
        want = RESETS[event.cause]
        if want is not None and want != (came, went):
            self.fault(f'RST in {came}, RST out {went}', event)

    def bounds(self, event):
        """When the cause was there, and the answer; 0 for unknown."""
        cause = event.cause or 'none'
        if cause in CALLED:
            return self._called(event)
        method = getattr(self, '_' + cause.replace('-', '_'), None)
        if method is None:
            return 1, 0     # killed: by another process, at a time not known here
        lower, upper = method(event)
        return lower and lower.ns, upper and upper.ns

    def _called(self, event):
        """Within a call; before the segment that it sends."""
        during = [(begin, end) for name, begin, end in self.calls
                  if begin <= event.real_ns <= end]
        if len(during) != 1:
            self.fault(f'not within one of {self.calls}', event)
            return 0, 0
        begin, end = during[0]
        wanted = {'connect': tcp.SYN, 'close': tcp.FIN, 'shutdown': tcp.FIN,
                  'abort': tcp.RST, 'unread': tcp.RST}[event.cause]
        if event.new == 'CLOSE' and event.cause == 'close':
            return begin, end   # in SYN_SENT, without an answer
        sent = first(self.went, lambda one: one.has(wanted))
        if sent is None:
            self.fault('nothing was sent', event)
            return begin, end
        return begin, min(end, sent.ns)

    def _syn(self, _):
        return (first(self.came, lambda one: one.has(tcp.SYN)),
                first(self.went, lambda one: one.has(tcp.SYN | tcp.ACK)))

    def _synack(self, _):
        came = first(self.came, lambda one: one.has(tcp.SYN | tcp.ACK))
        return came, came and first(
            self.went, lambda one: not one.has(tcp.SYN) and
            one.acks(came.end))

    def _ack(self, _):
        """Answered by what B sends next; or bounded by accept()."""
        came = first(self.came, lambda one: not one.has(tcp.SYN) and
                     one.acks(self.syn.end))
        return came, came and first(self.went, lambda one: True, came.ns)

    def _fin(self, event):
        """
        Passing to CLOSE_WAIT, and of a minisock, the kernel answers behind
        it; otherwise it has answered before.
        """
        came = first(self.came, lambda one: one.has(tcp.FIN))
        answer = came and first(self.went, lambda one: one.acks(came.end))
        late = event.new == 'CLOSING' or (
            event.new == 'TIME_WAIT' and 'orphan' not in event.flags)
        return came, None if late else answer

    def _fin_acked(self, _):
        return first(self.came, lambda one: one.acks(self.fin.end)), None

    def _rst_received(self, _):
        return first(self.came, lambda one: one.has(tcp.RST)), None

    def _refused(self, _):
        return first(self.came, lambda one: one.has(tcp.RST) and
                     one.ack == self.syn.end), None

    def _rst_sent(self, _):
        """To data after close(); a minisock ends after the answer."""
        return first(self.came, lambda one: one.length > 0), None

    def _timeout(self, _):
        """The segment that was sent last has no answer."""
        last = self.went[-1]
        answered = [one for one in self.came if one.acks(last.end)]
        return (None, None) if answered else (last, None)

    _synack_timeout = _timeout
    _unreachable = _timeout

    def _listener_closed(self, event):
        """Within close() of the listener, before the RST goes out."""
        begin, = [begin for name, begin, _ in self.calls
                  if name == 'close listener']
        if event.real_ns < begin:
            return None, None
        return self.came[-1], first(self.went,
                                    lambda one: one.has(tcp.RST))
