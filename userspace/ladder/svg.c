// SPDX-License-Identifier: GPL-2.0
/* Connections as one SVG 1.1 drawing. */
#include "ladder/svg.h"

#include <stdlib.h>
#include <string.h>

#include "ladder/label.h"
#include "ladder/rungs.h"
#include "ladder/story.h"
#include "text/span.h"

/* In pixels. */
#define WIDTH		840
#define TIME		90	/* right end of the times */
#define LEFT		220	/* the vertical lines of the two ends */
#define RIGHT		620
#define GAP		10	/* between a line and its labels */
#define LINE		18
#define STEP		38	/* from one segment to the next */
#define SLOPE		14	/* of a segment that was sent and received */
#define STORY_COLUMNS	105

/* A name may contain markup, or bytes that XML does not allow. */
static void escape_text(FILE *out, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '&':
			fputs("&amp;", out);
			break;
		default:
			fputc(*text < ' ' || *text > '~' ? '?' : *text, out);
		}
	}
}

static void svg_text(const struct svg *svg, int x, unsigned int y,
		     const char *class, const char *text)
{
	fprintf(svg->body, "<text x=\"%d\" y=\"%u\" class=\"%s\">", x, y, class);
	escape_text(svg->body, text);
	fputs("</text>\n", svg->body);
}

static const char *state_class(unsigned int state, int side)
{
	static const char * const classes[][2] = {
		{ "l", "r" }, { "l open", "r open" }, { "l up", "r up" },
		{ "l wait", "r wait" }, { "l shut", "r shut" },
	};

	switch (state) {
	case TCPSTATES_SYN_SENT:
	case TCPSTATES_SYN_RECV:
	case TCPSTATES_LISTEN:
		return classes[1][side];
	case TCPSTATES_ESTABLISHED:
		return classes[2][side];
	case TCPSTATES_CLOSE_WAIT:
		return classes[3][side];
	case TCPSTATES_FIN_WAIT1:
	case TCPSTATES_FIN_WAIT2:
	case TCPSTATES_CLOSING:
	case TCPSTATES_LAST_ACK:
	case TCPSTATES_TIME_WAIT:
		return classes[4][side];
	default:
		return classes[0][side];
	}
}

static void svg_state(const struct svg *svg, unsigned int y, int side,
		      unsigned int state)
{
	if (state)
		svg_text(svg, side ? RIGHT + GAP : LEFT - GAP, y + 4,
			 state_class(state, side), tcpstates_state_name(state));
}

static void svg_head(struct svg *svg, const struct flow *flow, int left)
{
	char text[CELL_ENDPOINT_SIZE], number[LABEL_SIZE];
	int side;

	svg->height += 2 * LINE;
	snprintf(number, sizeof(number), "#%lu", flow->number);
	svg_text(svg, GAP, svg->height, "t", number);
	for (side = 0; side < 2; side++) {
		label_owner(flow, side ? !left : left, text);
		svg_text(svg, side ? RIGHT : LEFT, svg->height, "c who", text);
		label_endpoint(flow, side ? !left : left, text);
		svg_text(svg, side ? RIGHT : LEFT, svg->height + LINE, "c", text);
	}
	svg->height += 2 * LINE;
}

/* As in picture.c, a row that is not earlier than the next one has no time. */
static void svg_rung(struct svg *svg, const struct rung *rung, __u64 start,
		     __u64 after)
{
	bool bad = rung->segment == SEGMENT_RST ||
		   rung->segment >= SEGMENT_REFUSAL;
	char label[LABEL_SIZE], delay[LABEL_SIZE], span[SPAN_SIZE];
	unsigned int y = svg->height, down = SLOPE;
	int side;

	if (rung_time(rung) <= after) {
		span_format(rung_time(rung) - start, span);
		svg_text(svg, TIME, y + 4, "l time", span);
	}
	label_rung(rung, label);
	if (rung->segment) {
		if (!rung->sent || !rung->received)
			down = SLOPE / 2;
		fprintf(svg->body,
			"<line x1=\"%d\" y1=\"%u\" x2=\"%d\" y2=\"%u\" class=\"seg%s\" marker-end=\"url(#%s)\"/>\n",
			rung->from ? RIGHT : LEFT, y, rung->from ? LEFT : RIGHT,
			y + down, bad ? " bad" : "", bad ? "badtip" : "tip");
	} else {
		down = 0;
	}
	if (label_delay(rung, delay)) {
		strncat(label, " (", sizeof(label) - strlen(label) - 1);
		strncat(label, delay, sizeof(label) - strlen(label) - 1);
		strncat(label, ")", sizeof(label) - strlen(label) - 1);
	}
	svg_text(svg, (LEFT + RIGHT) / 2, y + down / 2 - 8, "c", label);
	for (side = 0; side < 2; side++)
		if (rung->change[side])
			svg_state(svg, rung->from == side ? y : y + down, side,
				  rung->change[side]->new_state);
	svg->height += STEP;
}

/* A paragraph in lines of STORY_COLUMNS. */
static void svg_paragraph(struct svg *svg, const char *text)
{
	char line[STORY_COLUMNS + 1];

	while (*text) {
		size_t length = strlen(text), i;

		if (length > STORY_COLUMNS) {
			length = STORY_COLUMNS;
			while (length && text[length] != ' ')
				length--;
			if (!length)
				length = STORY_COLUMNS;
		}
		for (i = 0; i < length; i++)
			line[i] = text[i] == '\n' ? ' ' : text[i];
		line[length] = '\0';
		svg_text(svg, GAP, svg->height, "t", line);
		svg->height += LINE;
		text += length;
		text += strspn(text, " ");
	}
}

/**
 * svg_init() - an empty drawing
 * @svg: filled in
 *
 * Return: 0, or -1 and errno.
 */
int svg_init(struct svg *svg)
{
	*svg = (struct svg) { 0 };
	svg->body = open_memstream(&svg->text, &svg->length);
	return svg->body ? 0 : -1;
}

/**
 * svg_add() - draw a connection below the others
 * @svg: the drawing
 * @flow: the connection
 */
void svg_add(struct svg *svg, const struct flow *flow)
{
	char lines[STORY_LINES][STORY_SIZE];
	struct rung rungs[RUNGS_MAX];
	size_t count = rungs_of_flow(flow, rungs), i;
	int left = flow_left(flow), side;
	unsigned int top;

	svg_head(svg, flow, left);
	top = svg->height;
	for (side = 0; side < 2; side++) {
		const struct end *end = &flow->ends[side ? !left : left];

		svg_state(svg, top, side,
			  end->count ? end->records[0].old_state : 0);
	}
	svg->height += STEP;
	for (i = 0; i < count; i++)
		svg_rung(svg, &rungs[i], rung_time(&rungs[0]),
			 i + 1 < count ? rung_time(&rungs[i + 1]) : -1ULL);
	for (side = 0; side < 2; side++)
		fprintf(svg->body,
			"<line x1=\"%d\" y1=\"%u\" x2=\"%d\" y2=\"%u\" class=\"life\"/>\n",
			side ? RIGHT : LEFT, top - LINE / 2, side ? RIGHT : LEFT,
			svg->height);
	svg->height += LINE;
	count = story_of_flow(flow, lines);
	for (i = 0; i < count; i++)
		svg_paragraph(svg, lines[i]);
}

static const char head[] =
"<style>\n"
"text { font: 13px monospace; fill: #24292f }\n"
".l { text-anchor: end } .c { text-anchor: middle } .who { font-weight: bold }\n"
".time { fill: #57606a } .open { fill: #0550ae } .up { fill: #116329 }\n"
".wait { fill: #8250df } .shut { fill: #7d4e00 }\n"
".seg { stroke: #24292f } .bad { stroke: #cf222e } .life { stroke: #afb8c1 }\n"
"</style>\n"
"<defs>\n"
"<marker id=\"tip\" markerWidth=\"9\" markerHeight=\"8\" refX=\"9\" refY=\"4\" orient=\"auto\"><path d=\"M0 0 9 4 0 8z\" fill=\"#24292f\"/></marker>\n"
"<marker id=\"badtip\" markerWidth=\"9\" markerHeight=\"8\" refX=\"9\" refY=\"4\" orient=\"auto\"><path d=\"M0 0 9 4 0 8z\" fill=\"#cf222e\"/></marker>\n"
"</defs>\n";

/**
 * svg_write() - write what has been drawn
 * @svg: the drawing; nothing can be added afterwards
 * @file: output
 * @title: title of the drawing
 *
 * Return: 0, or -1 and errno.
 */
int svg_write(struct svg *svg, FILE *file, const char *title)
{
	unsigned int height = svg->height + LINE;
	int ret = fclose(svg->body);

	svg->body = NULL;
	if (ret)
		return -1;
	fprintf(file,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%u\" viewBox=\"0 0 %d %u\">\n<title>",
		WIDTH, height, WIDTH, height);
	escape_text(file, title);
	fprintf(file, "</title>\n%s", head);
	fprintf(file, "<rect width=\"%d\" height=\"%u\" fill=\"#fff\"/>\n", WIDTH,
		height);
	fwrite(svg->text, 1, svg->length, file);
	fputs("</svg>\n", file);
	return ferror(file) ? -1 : 0;
}

/** svg_free() - free a drawing, written or not */
void svg_free(struct svg *svg)
{
	if (svg->body)
		fclose(svg->body);
	free(svg->text);
}
