/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/recorded.h"

#include "tools/cmd.h"

static bool find(struct recorded *recorded, const struct event_id *id)
{
	while (log_reader_next(recorded->view.reader, &recorded->event)) {
		if (recorded->event.segment == id->segment && recorded->event.slot == id->slot)
			return true;
		summary_pass(&recorded->summary, &recorded->event);
	}
	return false;
}

int recorded_open(const char *log_directory, const struct event_id *id, struct recorded *out)
{
	struct buf name = BUF_ON(out->id);
	int err = session_view_open(log_directory, id->session, &out->view);

	if (err)
		return err;
	event_id_write(out->view.info.id, id->segment, id->slot, &name);
	buf_cstr(&name);
	summary_init(&out->summary, out->view.info.workspace);
	if (!find(out, id)) {
		err = fail(EXIT_NO, "there is no event %s; guardctl events shows which there are", out->id);
		recorded_close(out);
		return err;
	}
	out->exe = summary_exe(&out->summary, &out->event);
	out->source = summary_source(&out->summary, &out->event, &out->inherited);
	return 0;
}

void recorded_close(struct recorded *recorded)
{
	summary_free(&recorded->summary);
	session_view_close(&recorded->view);
}
