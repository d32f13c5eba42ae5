// SPDX-License-Identifier: GPL-2.0
/* A connection as text of 79 columns. */
#include "ladder/picture.h"

#include <string.h>

#include "ladder/label.h"
#include "ladder/story.h"
#include "text/span.h"

#define WIDTH		79
#define TIME_WIDTH	10
#define STATE_WIDTH	11
#define ARROW_WIDTH	32
#define LEFT		(TIME_WIDTH + 1)
#define RIGHT		(LEFT + STATE_WIDTH + 1 + ARROW_WIDTH + 1)
#define BLANKS		"\n "
#define BEFORE_HEAD	3	/* dashes at the ends of an arrow */

static void draw_coloured(const struct picture *picture, const char *colour,
			  const char *text)
{
	if (picture->colour && *colour)
		fprintf(picture->out, "%s%s%s", colour, text, CELL_RESET);
	else
		fputs(text, picture->out);
}

/* A state in STATE_WIDTH columns, without trailing blanks if it is @last. */
static void draw_state(const struct picture *picture, unsigned int state,
		       bool last)
{
	const char *name = state ? tcpstates_state_name(state) : "";

	draw_coloured(picture, cell_state_colour(state), name);
	if (!last)
		fprintf(picture->out, "%*s", STATE_WIDTH - (int)strlen(name), "");
}

/* A text for each side, in one line if they fit, else in two. */
static void draw_sides(const struct picture *picture, const char *begin,
		       const char *left, const char *right)
{
	int start = RIGHT, column;

	fprintf(picture->out, "%-*s%s", LEFT, begin, left);
	column = LEFT + (int)strlen(left);
	if (start + (int)strlen(right) > WIDTH)
		start = WIDTH - (int)strlen(right);
	if (column >= start) {
		fputc('\n', picture->out);
		column = 0;
	}
	fprintf(picture->out, "%*s%s\n", start - column, "", right);
}

/* The states in which the ends began, as far as they are known. */
static void draw_start(const struct picture *picture, const struct flow *flow,
		       int left)
{
	const struct end *ends[] = { &flow->ends[left], &flow->ends[!left] };
	unsigned int states[2] = { 0 };
	int i;

	for (i = 0; i < 2; i++)
		if (ends[i]->count)
			states[i] = ends[i]->records[0].old_state;
	fprintf(picture->out, "%*s", LEFT, "");
	draw_state(picture, states[0], !states[1]);
	if (states[1]) {
		fprintf(picture->out, "%*s", RIGHT - LEFT - STATE_WIDTH, "");
		draw_state(picture, states[1], true);
	}
	fputc('\n', picture->out);
}

/**
 * picture_head() - draw the owners and endpoints of both ends
 * @picture: where to draw
 * @flow: the connection
 */
void picture_head(const struct picture *picture, const struct flow *flow)
{
	char left[CELL_ENDPOINT_SIZE], right[CELL_ENDPOINT_SIZE];
	char number[LABEL_SIZE];
	int which = flow_left(flow);

	snprintf(number, sizeof(number), "#%lu ", flow->number);
	label_owner(flow, which, left);
	label_owner(flow, !which, right);
	draw_sides(picture, number, left, right);
	label_endpoint(flow, which, left);
	label_endpoint(flow, !which, right);
	draw_sides(picture, "", left, right);
}

/* Writes a word into an arrow at @column, with a blank on each side. */
static void overlay_word(char arrow[ARROW_WIDTH + 1], int column, const char *word)
{
	int length = (int)strlen(word);

	if (!length)
		return;
	arrow[column - 1] = ' ';
	memcpy(arrow + column, word, length);
	arrow[column + length] = ' ';
}

static void draw_arrow(const struct picture *picture, const struct rung *rung)
{
	char label[LABEL_SIZE], delay[LABEL_SIZE], arrow[ARROW_WIDTH + 1];
	int length, behind = 0;

	label_rung(rung, label);
	length = (int)strlen(label);
	memset(arrow, rung->segment ? '-' : ' ', ARROW_WIDTH);
	arrow[ARROW_WIDTH] = '\0';
	if (!rung->segment) {
		overlay_word(arrow, (ARROW_WIDTH - length) / 2, label);
	} else {
		if (label_delay(rung, delay))
			behind = (int)strlen(delay) + 2;
		if (behind + length + 2 > ARROW_WIDTH - 2 * BEFORE_HEAD)
			behind = 0;
		if (!behind)
			*delay = '\0';
		if (rung->from) {
			arrow[0] = '<';
			overlay_word(arrow, BEFORE_HEAD + 1, delay);
			overlay_word(arrow, ARROW_WIDTH - BEFORE_HEAD - 1 - length, label);
		} else {
			arrow[ARROW_WIDTH - 1] = '>';
			overlay_word(arrow, BEFORE_HEAD + 1, label);
			overlay_word(arrow, ARROW_WIDTH - BEFORE_HEAD - behind + 1, delay);
		}
	}
	draw_coloured(picture, rung->segment == SEGMENT_RST ||
		      rung->segment >= SEGMENT_REFUSAL ? CELL_RED : "", arrow);
}

/*
 * Draws a row. @before is the time of the row before, 0 for none; @after is that of
 * the next row: a row that is not earlier than the next one is drawn without time.
 */
static void draw_rung(const struct picture *picture, const struct rung *rung,
		      __u64 start, __u64 before, __u64 after)
{
	const struct tcpstates_record *left = rung->change[0];
	const struct tcpstates_record *right = rung->change[1];
	__u64 time = rung_time(rung);
	char span[SPAN_SIZE] = "", delta[SPAN_SIZE] = "";

	if (time <= after)
		span_format(time - start, span);
	if (before && time > before && time <= after) {
		span_format(time - before, delta);
		memmove(delta + 1, delta, strlen(delta) + 1);
		*delta = '+';
	}
	fprintf(picture->out, "%*s ", TIME_WIDTH, span);
	draw_state(picture, left ? left->new_state : 0, false);
	fputc(' ', picture->out);
	draw_arrow(picture, rung);
	if (right || *delta) {
		fputc(' ', picture->out);
		draw_state(picture, right ? right->new_state : 0, !*delta);
	}
	if (*delta)
		fprintf(picture->out, "%*s",
			WIDTH - RIGHT - STATE_WIDTH, delta);
	fputc('\n', picture->out);
}

static void draw_paragraph(const struct picture *picture, const char *text)
{
	int column = LEFT, length;

	fprintf(picture->out, "%*s", LEFT, "");
	for (; *text; text += strspn(text, BLANKS)) {
		length = (int)strcspn(text, BLANKS);
		if (column > LEFT && column + 1 + length > WIDTH) {
			fprintf(picture->out, "\n%*s", LEFT, "");
			column = LEFT;
		} else if (column > LEFT) {
			fputc(' ', picture->out);
			column++;
		}
		fprintf(picture->out, "%.*s", length, text);
		column += length;
		text += length;
	}
	fputc('\n', picture->out);
}

/**
 * picture_story() - describe a connection in words
 * @picture: where to draw
 * @flow: the connection
 */
void picture_story(const struct picture *picture, const struct flow *flow)
{
	char lines[STORY_LINES][STORY_SIZE];
	size_t count = story_of_flow(flow, lines), i;

	for (i = 0; i < count; i++)
		draw_paragraph(picture, lines[i]);
	fputc('\n', picture->out);
}

/**
 * picture_change() - draw only the last change of an end
 * @picture: where to draw
 * @flow: the connection
 * @conn: conn of the end
 */
void picture_change(const struct picture *picture, const struct flow *flow,
		    __u64 conn)
{
	int which = flow->ends[0].conn != conn;
	const struct end *end = &flow->ends[which];
	struct rung rungs[2];
	size_t count, i;
	__u64 start = flow->ends[0].records[0].boot_ns;

	if (flow->ends[1].count && flow->ends[1].records[0].boot_ns < start)
		start = flow->ends[1].records[0].boot_ns;
	count = rungs_of_last(end, which != flow_left(flow), rungs);
	for (i = 0; i < count; i++)
		draw_rung(picture, &rungs[i], start, 0, -1ULL);
}

/**
 * picture_flow() - draw a whole connection
 * @picture: where to draw
 * @flow: the connection
 */
void picture_flow(const struct picture *picture, const struct flow *flow)
{
	struct rung rungs[RUNGS_MAX];
	size_t count = rungs_of_flow(flow, rungs), i;
	__u64 start = count ? rung_time(&rungs[0]) : 0, before = 0;

	picture_head(picture, flow);
	draw_start(picture, flow, flow_left(flow));
	for (i = 0; i < count; i++) {
		__u64 after = i + 1 < count ? rung_time(&rungs[i + 1]) : -1ULL;

		draw_rung(picture, &rungs[i], start, before, after);
		if (rung_time(&rungs[i]) <= after)
			before = rung_time(&rungs[i]);
	}
	picture_story(picture, flow);
}
