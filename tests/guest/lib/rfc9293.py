# SPDX-License-Identifier: GPL-2.0
"""
Which transitions a TCP connection can make: figure 5 of RFC 9293 with the
errors, resets and timeouts that lead to CLOSE from everywhere, for one
connection as tcpstates names it. A listener and its connections are things of
their own, so LISTEN to SYN_RECV is only ever the first step of a connection.
"""

FIRST = {
    ('CLOSE', 'LISTEN'),
    ('CLOSE', 'SYN_SENT'),
    ('LISTEN', 'SYN_RECV'),
}

LATER = {
    ('LISTEN', 'CLOSE'),
    ('SYN_SENT', 'ESTABLISHED'),
    ('SYN_SENT', 'SYN_RECV'),       # simultaneous open
    ('SYN_SENT', 'CLOSE'),
    ('SYN_RECV', 'ESTABLISHED'),
    ('SYN_RECV', 'FIN_WAIT1'),      # close() of a TFO child or after a
                                    # simultaneous open
    ('SYN_RECV', 'CLOSE'),
    ('ESTABLISHED', 'FIN_WAIT1'),
    ('ESTABLISHED', 'CLOSE_WAIT'),
    ('ESTABLISHED', 'CLOSE'),
    ('FIN_WAIT1', 'FIN_WAIT2'),
    ('FIN_WAIT1', 'CLOSING'),
    ('FIN_WAIT1', 'TIME_WAIT'),
    ('FIN_WAIT1', 'CLOSE'),
    ('FIN_WAIT2', 'TIME_WAIT'),
    ('FIN_WAIT2', 'CLOSE'),
    ('CLOSING', 'TIME_WAIT'),
    ('CLOSING', 'CLOSE'),
    ('TIME_WAIT', 'CLOSE'),
    ('CLOSE_WAIT', 'LAST_ACK'),
    ('CLOSE_WAIT', 'CLOSE'),
    ('LAST_ACK', 'CLOSE'),
}
