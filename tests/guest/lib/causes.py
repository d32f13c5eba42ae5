# SPDX-License-Identifier: GPL-2.0
"""The causes that the ABI text allows for each transition."""

ALWAYS = {'killed', 'netns-exit'}

# A socket that has a peer can be aborted by either side, or give up.
SYNCHRONISED = ALWAYS | {'rst-received', 'abort', 'unread', 'timeout'}
# Data beyond what will be read is answered with a RST once no more can come.
RECEIVED_ALL = SYNCHRONISED | {'rst-sent'}
# The kernel ends only orphans for lack of memory.
OURS_CLOSED = RECEIVED_ALL | {'no-memory'}

CAUSES = {
    ('CLOSE', 'LISTEN'): {'listen'},
    ('CLOSE', 'SYN_SENT'): {'connect', 'repair'},
    ('LISTEN', 'SYN_RECV'): {'syn', 'ack'},
    ('SYN_SENT', 'SYN_RECV'): {'syn'},
    ('SYN_SENT', 'ESTABLISHED'): {'synack', 'repair'},
    ('SYN_RECV', 'ESTABLISHED'): {'ack'},
    ('SYN_RECV', 'FIN_WAIT1'): {'close', 'shutdown'},
    ('ESTABLISHED', 'FIN_WAIT1'): {'close', 'shutdown'},
    ('ESTABLISHED', 'CLOSE_WAIT'): {'fin'},
    ('CLOSE_WAIT', 'LAST_ACK'): {'close', 'shutdown'},
    ('FIN_WAIT1', 'FIN_WAIT2'): {'fin-acked'},
    ('FIN_WAIT1', 'CLOSING'): {'fin'},
    ('FIN_WAIT1', 'TIME_WAIT'): {'fin'},
    ('FIN_WAIT2', 'TIME_WAIT'): {'fin'},
    ('CLOSING', 'TIME_WAIT'): {'fin-acked'},
    ('LISTEN', 'CLOSE'): ALWAYS | {'close', 'disconnect', 'listen-failed'},
    ('SYN_SENT', 'CLOSE'): ALWAYS | {
        'close', 'disconnect', 'abort', 'refused', 'unreachable', 'timeout',
        'connect-failed'},
    ('SYN_RECV', 'CLOSE'): ALWAYS | {
        'rst-received', 'rst-sent', 'abort', 'unread', 'unreachable',
        'synack-timeout', 'overflow', 'listener-closed', 'duplicate',
        'no-memory'},
    ('ESTABLISHED', 'CLOSE'): SYNCHRONISED | {'listener-closed'},
    ('CLOSE_WAIT', 'CLOSE'): RECEIVED_ALL | {'listener-closed'},
    ('FIN_WAIT1', 'CLOSE'): OURS_CLOSED,
    ('FIN_WAIT2', 'CLOSE'): OURS_CLOSED | {'tw-overflow', 'tw-reused'},
    ('CLOSING', 'CLOSE'): OURS_CLOSED | {'tw-overflow'},
    ('LAST_ACK', 'CLOSE'): OURS_CLOSED | {'fin-acked'},
    ('TIME_WAIT', 'CLOSE'): ALWAYS | {'tw-expired', 'tw-reused', 'tw-reset'},
}

# TCP_REPAIR ends a connection from every state in which it can be set.
REPAIRED = {('ESTABLISHED', 'CLOSE'), ('CLOSE_WAIT', 'CLOSE'),
            ('FIN_WAIT1', 'CLOSE'), ('FIN_WAIT2', 'CLOSE'),
            ('CLOSING', 'CLOSE'), ('LAST_ACK', 'CLOSE')}

# No process has accepted a connection that ends so.
UNACCEPTED = {'listener-closed', 'duplicate', 'overflow'}

# Done by a process that has the socket open.
ACTED = {'close', 'shutdown', 'abort', 'unread'}


def fault_of_cause(event):
    """What is wrong with the cause of a line; None if nothing is."""
    step = event.old, event.new
    if event.cause is None:
        return f'no cause: {event.text.strip()}'
    if event.cause not in CAUSES.get(step, ()) and \
            not (event.cause == 'repair' and step in REPAIRED):
        return f'{event.cause} is no cause of this: {event.text.strip()}'
    return None
