#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
In the guest: from a leaking program to a page, with Debian's own Prometheus and
Alertmanager, the rules and the dashboard that we ship, and a receiver. Prints TAP.
"""

import http.server
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
import urllib.parse
import urllib.request

sys.path.append('/tests')
import tap  # noqa: E402

PATIENCE = 180
HERE = os.path.dirname(os.path.abspath(__file__))
EXPORTER = '127.0.0.1:9807'
PROMETHEUS = 'http://127.0.0.1:9090'

PROMETHEUS_CONFIG = f'''
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [alerts.yml]
alerting: {{alertmanagers: [{{static_configs: [{{targets: ['127.0.0.1:9093']}}]}}]}}
scrape_configs:
  - job_name: tcpstates
    static_configs: [{{targets: ['{EXPORTER}']}}]
'''
ALERTMANAGER_CONFIG = '''
route: {receiver: pager, group_by: [alertname], group_wait: 1s, group_interval: 1s}
receivers:
  - name: pager
    webhook_configs: [{url: 'http://127.0.0.1:9999/', send_resolved: true}]
'''
# A program that does not close what its peers have closed, until it is told to.
LEAKY = '''
import signal, socket, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
listener = socket.create_server(('127.0.0.1', 5555))
open('/proc/self/comm', 'w').write('leaky')
print('ready', flush=True)
held = [listener.accept()[0] for _ in range(7)]
signal.sigwait([signal.SIGUSR1])
for sock in held:
    sock.close()
print('closed', flush=True)
signal.pause()
'''

processes = []
pages = []


def test(stream, function):
    name = function.__name__.removeprefix('test_')
    begin = time.monotonic()
    try:
        function()
    except Exception:
        stream.result(False, name, traceback.format_exc())
    else:
        stream.result(True, name, f'{time.monotonic() - begin:.1f} s')


def start(*command, **named):
    log = open(f'/tmp/{os.path.basename(command[0])}.log', 'ab')
    processes.append(subprocess.Popen(command, stdout=log, stderr=log, **named))
    return processes[-1]


def wait_for(condition, what):
    end = time.monotonic() + PATIENCE
    while not (found := condition()):
        if time.monotonic() > end:
            raise AssertionError(f'not within {PATIENCE} s: {what}')
        time.sleep(0.2)
    return found


def get(url):
    with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
        return answer.read()


def answers(url):
    try:
        get(url)
        return True
    except OSError:
        return False


def query(expression):
    """The result of a query, which Prometheus must understand."""
    words = urllib.parse.urlencode({'query': expression})
    answer = json.loads(get(f'{PROMETHEUS}/api/v1/query?{words}'))
    assert answer['status'] == 'success', answer
    return answer['data']['result']


class Pager(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length']))
        pages.extend(json.loads(body)['alerts'])
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


def test_all_starts():
    subprocess.run(['insmod', '/tcpstates.ko', 'stuck_close_wait=2'],
                   check=True)
    with open(f'{HERE}/alerts.yml', encoding='utf-8') as file:
        rules = file.read()
    # Nobody wants to wait for minutes here.
    rules = re.sub(r'\bfor: \d+m\b', 'for: 2s', rules)
    for name, text in (('alerts.yml', rules),
                       ('prometheus.yml', PROMETHEUS_CONFIG),
                       ('alertmanager.yml', ALERTMANAGER_CONFIG)):
        with open(f'/tmp/{name}', 'w', encoding='utf-8') as file:
            file.write(text)
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 9999), Pager)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    start('tcpstates', 'export')
    start('prometheus-alertmanager', '--config.file=/tmp/alertmanager.yml',
          '--storage.path=/tmp/alertmanager', '--cluster.listen-address=')
    start('prometheus', '--config.file=/tmp/prometheus.yml',
          '--storage.tsdb.path=/tmp/prometheus')
    for url in (f'http://{EXPORTER}/metrics', 'http://127.0.0.1:9093/-/ready',
                f'{PROMETHEUS}/-/ready'):
        wait_for(lambda url=url: answers(url), url)


def test_metrics():
    """As Prometheus wants them, by its own judgement."""
    text = get(f'http://{EXPORTER}/metrics')
    done = subprocess.run(['promtool', 'check', 'metrics'], input=text,
                          capture_output=True, check=False)
    # It says what it dislikes there, and ends with 0 or 3.
    assert (done.returncode, done.stderr) == (0, b''), done


def leak():
    program = subprocess.Popen([sys.executable, '-c', LEAKY], text=True,
                               stdout=subprocess.PIPE)
    processes.append(program)
    assert program.stdout.readline() == 'ready\n'
    for _ in range(7):
        socket.create_connection(('127.0.0.1', 5555)).close()
    return program


def page(status):
    """The page about our program, if it has come."""
    for alert in pages:
        if alert['status'] == status and \
                alert['labels'].get('comm') == 'leaky':
            return alert
    return None


def test_page():
    """The page names host, program and number, and goes when it closes."""
    program = leak()
    begun = time.monotonic()
    alert = wait_for(lambda: page('firing'), 'a page')
    print(f'# paged after {time.monotonic() - begun:.1f} s: '
          f'{alert["annotations"]["summary"]}')
    assert alert['labels'] == {
        'alertname': 'TcpConnectionsNotClosed', 'comm': 'leaky',
        'instance': EXPORTER, 'severity': 'warning'}, alert
    assert alert['annotations']['summary'] == (
        f'leaky on {EXPORTER} does not close 7 connections whose peers have '
        'gone'), alert
    done = subprocess.run(['tcpstates', 'stuck', '--older', '1s', '--json'],
                          check=True, capture_output=True, text=True)
    named = [json.loads(line) for line in done.stdout.splitlines()]
    named = [each for each in named if each['new'] == 'CLOSE_WAIT']
    assert len(named) == 7, named
    for each in named:
        assert [holder['pid'] for holder in each['holders']] == \
            [program.pid], each
    program.send_signal(signal.SIGUSR1)
    assert program.stdout.readline() == 'closed\n'
    wait_for(lambda: page('resolved'), 'the end of the alert')
    program.kill()
    program.wait()


def expressions():
    with open(f'{HERE}/dashboard.json', encoding='utf-8') as file:
        dashboard = json.load(file)
    for panel in dashboard['panels']:
        for target in panel['targets']:
            yield (panel['title'], target['expr']
                   .replace('$__rate_interval', '1m')
                   .replace('$instance', '.*'))


# Nothing of these happens here.
EMPTY = {'Stuck connections by owner', 'Connections that failed, by cause'}


def test_dashboard():
    """Every query gives something."""
    empty = [(title, text) for title, text in expressions()
             if not query(text) and title not in EMPTY]
    assert not empty, empty
    assert len(list(expressions())) > 12


def test_rules():
    """Prometheus has taken all of them, and none fails."""
    answer = json.loads(get(f'{PROMETHEUS}/api/v1/rules'))
    rules = answer['data']['groups'][0]['rules']
    assert len(rules) == 8, rules
    bad = [rule for rule in rules if rule['health'] != 'ok']
    assert not bad, bad


def leaking(*command, **named):
    """What a command that watches says, while a program leaks."""
    watcher = start(*command, **named)
    program = leak()
    return watcher, program


def journal():
    """Entries of ours, by their fields."""
    done = subprocess.run(['journalctl', '-D', '/run/log/journal', '-t',
                           'tcpstates', '-o', 'json', '--no-pager'],
                          capture_output=True, text=True, check=False)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_journal():
    """An entry with fields for each connection, in systemd's journal."""
    os.makedirs('/run/systemd/journal', exist_ok=True)
    with open('/etc/machine-id', 'w', encoding='ascii') as file:
        file.write('0123456789abcdef0123456789abcdef\n')
    start('systemd-journald')
    wait_for(lambda: os.path.exists('/run/systemd/journal/socket'),
             'journald listens')
    watcher, program = leaking('tcpstates', 'stuck', '--watch', '--older',
                               '1s', '--exec', '/fleet/tcpstates-journal')

    def entries():
        return [entry for entry in journal()
                if entry['TCPSTATES_NEW'] == 'CLOSE_WAIT' and
                entry['TCPSTATES_PID'] == str(program.pid)]

    wait_for(lambda: len(entries()) >= 7, 'seven entries')
    entry = entries()[0]
    assert entry['PRIORITY'] == '4', entry
    assert entry['TCPSTATES_COMM'] == 'leaky', entry
    assert entry['TCPSTATES_LPORT'] == '5555', entry
    assert entry['TCPSTATES_HOLDERS'].startswith(f'{program.pid}:'), entry
    assert 'is stuck in CLOSE_WAIT for 2 s' in entry['MESSAGE'], entry
    for process in watcher, program:
        process.kill()
        process.wait()


RSYSLOG_CONFIG = '''
module(load="imfile")
module(load="mmjsonparse")
input(type="imfile" File="/tmp/stuck.json" Tag="tcpstates")
template(name="short" type="string"
         string="%$!new% %$!comm% %$!holders!0!pid% %parsesuccess%\\n")
action(type="mmjsonparse" cookie="")
action(type="omfile" File="/tmp/shipped" template="short")
'''


def test_rsyslog():
    """JSON lines through rsyslog, which reads their members."""
    with open('/tmp/rsyslog.conf', 'w', encoding='ascii') as file:
        file.write(RSYSLOG_CONFIG)
    with open('/tmp/stuck.json', 'wb') as file:
        watcher = subprocess.Popen(['tcpstates', 'stuck', '--watch', '--json',
                                    '--older', '1s'], stdout=file)
    processes.append(watcher)
    shipper = start('rsyslogd', '-n', '-f', '/tmp/rsyslog.conf', '-i',
                    '/tmp/rsyslog.pid')
    program = leak()

    def shipped():
        try:
            with open('/tmp/shipped', encoding='ascii') as file:
                return [line.split() for line in file
                        if line.startswith('CLOSE_WAIT leaky')]
        except FileNotFoundError:
            return []

    wait_for(lambda: len(shipped()) >= 7, 'seven lines')
    assert {line[-1] for line in shipped()} == {'OK'}, shipped()
    for process in watcher, program, shipper:
        process.kill()
        process.wait()


def end():
    for process in processes:
        process.kill()
        process.wait()
    subprocess.run(['rmmod', 'tcpstates'], check=True)


def main():
    tests = (test_all_starts, test_metrics, test_page, test_dashboard,
             test_rules, test_journal, test_rsyslog)
    stream = tap.Writer(len(tests), 'fleet.')
    for function in tests:
        test(stream, function)
        if stream.failed:
            break
    if stream.failed:
        for name in sorted(os.listdir('/tmp')):
            if not name.endswith('.log'):
                continue
            with open(f'/tmp/{name}', encoding='utf-8') as file:
                stream.note(f'{name}:\n' + ''.join(
                    f'  {line}' for line in file.readlines()[-15:]))
    end()
    return stream.end()


if __name__ == '__main__':
    sys.exit(main())
