# SPDX-License-Identifier: GPL-2.0
"""
A litmus test as a model for spin, which goes through all its runs.

The machine is of the same kind as that of tests/unit/model: every place has a
list of all values that were ever stored there, its messages, in their order of
coherence. A thread has a view: for each place the oldest message that it may
still see. It reads any message that is not older, and stores behind any. A
message carries a view too:

  release   what its thread sees then, else what that saw at its last smp_mb()
            and had stored at its last smp_wmb()
  acquire   what the message carries is seen from here on
  smp_rmb() the same for all messages that were read before
  smp_mb()  that, and what any thread saw at its last one

So stores reach different threads at different times and in different orders,
and loads take place out of order. What it does not show is a store that is seen
before a load that stands before it: all such pairs here have a barrier or a
dependency between them.
"""

import re

MACHINE = """
#define MESSAGES {messages}

typedef view {{ byte old[PLACES] }};

byte value[PLACES * MESSAGES];
byte count[PLACES];
view carried[PLACES * MESSAGES];
view seen[THREADS], offered[THREADS], released[THREADS], stored[THREADS];
view barriers;
byte ended;

hidden byte i, m;

inline join(a, b)
{{
	for (i : 0 .. PLACES - 1) {{
		if
		:: b.old[i] > a.old[i] -> a.old[i] = b.old[i]
		:: else
		fi
	}}
}}

inline load(t, place, register, acquire)
{{
	atomic {{
		at = seen[t].old[place];
		do
		:: at + 1 < count[place] -> at++
		:: break
		od;
		d_step {{
			register = value[place * MESSAGES + at];
			seen[t].old[place] = at;
			join(offered[t], carried[place * MESSAGES + at]);
			if
			:: acquire ->
				join(seen[t], carried[place * MESSAGES + at])
			:: else
			fi;
			at = 0
		}}
	}}
}}

inline make_room(place, v)
{{
	if
	:: v.old[place] >= at -> v.old[place] = v.old[place] + 1
	:: else
	fi
}}

inline store(t, place, new, release)
{{
	atomic {{
		at = seen[t].old[place] + 1;
		do
		:: at < count[place] -> at++
		:: break
		od;
		d_step {{
			assert(count[place] < MESSAGES);
			for (m : 0 .. PLACES * MESSAGES - 1) {{
				make_room(place, carried[m])
			}}
			for (m : 0 .. THREADS - 1) {{
				make_room(place, seen[m]);
				make_room(place, offered[m]);
				make_room(place, released[m]);
				make_room(place, stored[m])
			}}
			make_room(place, barriers);
			m = place * MESSAGES + count[place];
			do
			:: m > place * MESSAGES + at ->
				value[m] = value[m - 1];
				for (i : 0 .. PLACES - 1) {{
					carried[m].old[i] = carried[m - 1].old[i]
				}}
				m--
			:: else -> break
			od;
			value[m] = new;
			for (i : 0 .. PLACES - 1) {{
				carried[m].old[i] = 0
			}}
			join(carried[m], released[t]);
			if
			:: release -> join(carried[m], seen[t])
			:: else
			fi;
			carried[m].old[place] = at;
			seen[t].old[place] = at;
			stored[t].old[place] = at;
			count[place] = count[place] + 1;
			at = 0
		}}
	}}
}}

inline rmb(t)
{{
	d_step {{ join(seen[t], offered[t]) }}
}}

inline wmb(t)
{{
	d_step {{ join(released[t], stored[t]) }}
}}

inline mb(t)
{{
	d_step {{
		join(seen[t], offered[t]);
		join(seen[t], barriers);
		join(barriers, seen[t]);
		join(released[t], seen[t])
	}}
}}
"""


def _conditions(test):
    """The exists clause in Promela."""
    text = test.condition.replace("/\\", "&&").replace("\\/", "||")
    text = re.sub(r"(\d+):(r\d+)=(\d+)", r"(P\1_\2 == \3)", text)
    return re.sub(r"\b([a-z]\w*)=(\d+)",
                  r"(value[\1 * MESSAGES + count[\1] - 1] == \2)", text)


def _operand(number, text):
    return f"P{number}_{text}" if text.startswith("r") else text


def _statement(number, step):
    """Lines of Promela for a statement of a thread."""
    if step.kind in ("read", "acquire"):
        return [f"load({number}, {step.place}, P{number}_{step.reg}, "
                f"{int(step.kind == 'acquire')});"]
    if step.kind in ("write", "release", "store_mb"):
        lines = [f"store({number}, {step.place}, "
                 f"{_operand(number, step.value)}, "
                 f"{int(step.kind == 'release')});"]
        return lines + ([f"mb({number});"] if step.kind == "store_mb" else [])
    if step.kind == "if":
        return ["if", f":: (P{number}_{step.reg} {step.compare} {step.value}) "
                "->"]
    if step.kind == "end":
        return ["skip", ":: else", "fi;"]
    return [f"{step.kind}({number});"]


def write(test):
    """The model: spin finds an error in it if the outcome can be."""
    places = test.places()
    stores = [sum(step.place == place and step.kind not in ("read", "acquire")
                  for thread in test.threads for step in thread)
              for place in places]
    lines = [f"#define PLACES {len(places)}",
             f"#define THREADS {len(test.threads)}"]
    lines += [f"#define {place} {number}"
              for number, place in enumerate(places)]
    lines += [MACHINE.format(messages=1 + max(stores))]
    registers = sorted({f"P{number}_{step.reg}"
                        for number, thread in enumerate(test.threads)
                        for step in thread
                        if step.kind in ("read", "acquire")})
    lines += [f"byte {register};" for register in registers]
    for number, thread in enumerate(test.threads):
        lines += [f"proctype P{number}()", "{", "byte at;"]
        for step in thread:
            lines += _statement(number, step)
        lines += ["ended++", "}"]
    lines += ["init", "{", "atomic {"]
    lines += [f"count[{place}] = 1;" for place in places]
    lines += [f"value[{place} * MESSAGES] = {value};"
              for place, value in sorted(test.initial.items())]
    lines += [f"run P{number}();" for number in range(len(test.threads))]
    lines += ["}", "ended == THREADS;", f"assert(!({_conditions(test)}))", "}"]
    return "\n".join(lines) + "\n"
