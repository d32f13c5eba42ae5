// SPDX-License-Identifier: GPL-2.0
/* The module's hooks into the kernel in words. */
#include "libtcpstates.h"

/*
 * By TCPSTATES_HOOK_*: its last words, and what its comment in uapi/tcpstates.h
 * says, except where that only makes sense there. A unit test compares them.
 */
static const struct {
	const char *name;
	const char *shows;
} hooks[TCPSTATES_HOOK_COUNT] = {
	[TCPSTATES_HOOK_SET_STATE] = {
		"set_state", "changes of state of full sockets" },
	[TCPSTATES_HOOK_TW_START] = {
		"tw_start", "TIME_WAIT, FIN_WAIT2 after close()" },
	[TCPSTATES_HOOK_TW_END] = {
		"tw_end", "the end of TIME_WAIT, FIN_WAIT2 after close()" },
	[TCPSTATES_HOOK_TW_REARM] = {
		"tw_rearm", "FIN_WAIT2 to TIME_WAIT after close()" },
	[TCPSTATES_HOOK_REQ_START] = {
		"req_start", "SYN_RECV while half open" },
	[TCPSTATES_HOOK_REQ_DROP] = {
		"req_drop", "the end of a half-open connection" },
	[TCPSTATES_HOOK_REQ_DONE] = {
		"req_done", "lost races of two final ACKs" },
	[TCPSTATES_HOOK_CHILD] = {
		"child", "SYN_RECV of TFO and SYN cookies" },
	[TCPSTATES_HOOK_CONNECT] = {
		"connect", "chosen local port in SYN_SENT" },
	[TCPSTATES_HOOK_REQ_FREE] = {
		"req_free", "the end of a SYN that lost a race" },
	[TCPSTATES_HOOK_REQ_MIGRATE] = {
		"req_migrate", "requests that change listener" },
	[TCPSTATES_HOOK_LISTEN] = {
		"listen", "chosen local port in LISTEN" },
	[TCPSTATES_HOOK_ACCEPT] = {
		"accept", "the owner after accept()" },
	[TCPSTATES_HOOK_RESET] = {
		"reset", "cause: RST received, or sent for data" },
	[TCPSTATES_HOOK_DISCONNECT] = {
		"disconnect", "cause: abort, disconnect" },
	[TCPSTATES_HOOK_SHUTDOWN] = {
		"shutdown", "cause: shutdown rather than close" },
	[TCPSTATES_HOOK_ABORT] = {
		"abort", "cause: killed" },
	[TCPSTATES_HOOK_CHECK_REQ] = {
		"check_req", "cause: RST, overflow, half open" },
	[TCPSTATES_HOOK_REQ_ERR] = {
		"req_err", "cause: unreachable, half open" },
	[TCPSTATES_HOOK_TW_DESCHEDULE] = {
		"tw_deschedule", "cause: TIME_WAIT's end" },
};

const char *tcpstates_hook_name(unsigned int hook)
{
	return hook < TCPSTATES_HOOK_COUNT ? hooks[hook].name : NULL;
}

const char *tcpstates_hook_shows(unsigned int hook)
{
	return hook < TCPSTATES_HOOK_COUNT ? hooks[hook].shows : NULL;
}
