# SPDX-License-Identifier: GPL-2.0
"""A program for terminals in one of its own: tmux types, and reads its screen."""

import os
import subprocess

from lib.processes import wait_for

SIZE = (80, 24)


def tmux(*words):
    return subprocess.run(['tmux', *words], capture_output=True, text=True,
                          check=True, timeout=30).stdout


class Screen:
    """@command: for the shell; what it leaves on the screen stays there."""

    def __init__(self, command, size=SIZE, locale='C.UTF-8', **variables):
        words = [f'{name}={value}' for name, value in variables.items()]
        environment = {**os.environ, 'LC_ALL': 'C.UTF-8'}
        subprocess.run(['tmux', '-f', '/dev/null', 'new-session', '-d',
                        '-x', str(size[0]), '-y', str(size[1]),
                        f'env LC_ALL={locale} {" ".join(words)} {command}; '
                        'echo "ended with $?"; exec cat'],
                       env=environment, check=True, timeout=30)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        tmux('kill-server')
        wait_for(lambda: subprocess.run(['tmux', 'list-sessions'],
                                        capture_output=True,
                                        check=False).returncode,
                 'tmux has ended')

    def press(self, *keys):
        tmux('send-keys', *keys)

    def type(self, text):
        tmux('send-keys', '-l', text)

    def resize(self, columns, lines):
        tmux('resize-window', '-x', str(columns), '-y', str(lines))

    def text(self, *options):
        return tmux('capture-pane', '-p', *options)

    def lines(self):
        return self.text().splitlines()

    def await_text(self, what):
        """The screen, when it shows that text."""
        return self.await_that(lambda text: what in text, what)

    def await_that(self, condition, what):
        seen = ['']

        def look():
            seen[0] = self.text()
            return condition(seen[0])
        try:
            wait_for(look, what)
        except AssertionError as error:
            raise AssertionError(f'{error}; the screen:\n{seen[0]}') from None
        return seen[0]
