/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guardctl diff: what a run did that another did not.
 */
#include "tools/cmd.h"
#include "tools/drift.h"
#include "tools/event_id.h"
#include "tools/json.h"
#include "tools/options.h"
#include "tools/output.h"

#include <stdlib.h>
#include <string.h>

#define TOP_DEFAULT 20

static const char *const headings[INVENTORY_LISTS] = {[INVENTORY_REFUSALS] = "Refused",
						      [INVENTORY_HOSTS] = "Hosts",
						      [INVENTORY_PROGRAMS] = "Programs",
						      [INVENTORY_OBJECTS] = "Objects"};

static void write_verbs(struct output *output, const struct inventory_item *item)
{
	const char *between = "";

	for (unsigned verb = 0; verb < VERB_COUNT; verb++)
		if (item->verbs & 1u << verb) {
			output_format(output, "%s%s", between, verb_table[verb].word);
			between = ",";
		}
	if (item->uncovered)
		output_format(output, "%snot covered", between);
}

static void write_row(struct output *output, const struct drift *drift, enum inventory_list list,
		      const struct drift_row *row)
{
	const struct inventory_item *item = row->run ? row->run : row->base;
	const struct session_view *view = &drift->views[row->run != NULL];
	char storage[EVENT_ID_MAX];
	struct buf id = BUF_ON(storage);

	output_format(output, "  %c ", "+-~"[row->kind]);
	output_text(output, drift_name(row));
	if (list == INVENTORY_HOSTS || list == INVENTORY_OBJECTS || row->kind == DRIFT_CHANGED) {
		output_string(output, "  ");
		write_verbs(output, item);
	}
	if (row->kind == DRIFT_CHANGED) {
		output_string(output, ", was ");
		write_verbs(output, row->base);
	}
	event_id_write(view->info.id, item->segment, item->slot, &id);
	output_format(output, "  (%llux, ", (unsigned long long)item->count);
	output_text(output, (struct text){id.data, id.len});
	output_string(output, ")\n");
}

static size_t count_kind(const struct drift_list *list, enum drift_kind kind)
{
	size_t count = 0;

	for (size_t i = 0; i < list->count; i++)
		count += list->rows[i].kind == kind;
	return count;
}

static void write_text(struct output *output, const struct drift *drift, size_t top)
{
	const char *between = drift->count ? "drift: " : "no drift: the same ";

	for (int i = 0; i < INVENTORY_LISTS; i++) {
		const struct drift_list *list = &drift->lists[i];

		if (drift->count == 0)
			output_format(output, "%s%zu %s", between, list->same, inventory_words[i]);
		for (int kind = 0; kind < 3 && list->count; kind++)
			if (count_kind(list, kind)) {
				output_format(output, "%s%zu %s %s", between, count_kind(list, kind), drift_words[kind],
					      inventory_words[i]);
				between = ", ";
			}
		between = drift->count ? between : ", ";
	}
	output_string(output, drift->complete ? "\n" : ", as far as the guard could see\n");
	for (int i = 0; i < INVENTORY_LISTS; i++) {
		const struct drift_list *list = &drift->lists[i];

		if (list->count)
			output_format(output, "\n%s\n", headings[i]);
		for (size_t k = 0; k < list->count && k < top; k++)
			write_row(output, drift, i, &list->rows[k]);
		if (list->count > top)
			output_format(output, "  ... and %zu more (--top 0 shows all)\n", list->count - top);
	}
	if (drift->ignored)
		output_format(output, "\n%llu operations were not compared: too many different names\n",
			      (unsigned long long)drift->ignored);
}

static void put_verbs(yajl_gen json, const char *key, verb_set verbs)
{
	json_key(json, key);
	yajl_gen_array_open(json);
	for (unsigned verb = 0; verb < VERB_COUNT; verb++)
		if (verbs & 1u << verb)
			json_string(json, verb_table[verb].word);
	yajl_gen_array_close(json);
}

static void put_row(yajl_gen json, const struct drift *drift, const struct drift_row *row)
{
	const struct inventory_item *item = row->run ? row->run : row->base;
	char storage[EVENT_ID_MAX];
	struct buf id = BUF_ON(storage);

	event_id_write(drift->views[row->run != NULL].info.id, item->segment, item->slot, &id);
	yajl_gen_map_open(json);
	json_put_string(json, "change", drift_words[row->kind]);
	json_put_text(json, "name", drift_name(row));
	put_verbs(json, "operations", item->verbs);
	if (row->kind == DRIFT_CHANGED)
		put_verbs(json, "operations_before", row->base->verbs);
	json_put_bool(json, "covered", !item->uncovered);
	json_put_number(json, "count", item->count);
	json_put_text(json, "first", item->first);
	json_put_text(json, "event", (struct text){id.data, id.len});
	yajl_gen_map_close(json);
}

static void put_output(void *output, const char *text, size_t len)
{
	output_bytes(output, text, len);
}

static int write_json(struct output *output, const struct drift *drift)
{
	yajl_gen json = yajl_gen_alloc(NULL);

	if (!json)
		return fail(EXIT_GUARD, "no memory");
	yajl_gen_config(json, yajl_gen_beautify, 1);
	yajl_gen_config(json, yajl_gen_print_callback, put_output, output);
	yajl_gen_map_open(json);
	json_put_bool(json, "drift", drift->count || drift->ignored);
	json_put_string(json, "base", drift->views[0].info.id);
	json_put_string(json, "run", drift->views[1].info.id);
	json_put_number(json, "not_compared", drift->ignored);
	json_put_bool(json, "complete", drift->complete);
	for (int i = 0; i < INVENTORY_LISTS; i++) {
		json_key(json, inventory_words[i]);
		yajl_gen_map_open(json);
		json_put_number(json, "same", drift->lists[i].same);
		json_key(json, "changes");
		yajl_gen_array_open(json);
		for (size_t k = 0; k < drift->lists[i].count; k++)
			put_row(json, drift, &drift->lists[i].rows[k]);
		yajl_gen_array_close(json);
		yajl_gen_map_close(json);
	}
	yajl_gen_map_close(json);
	yajl_gen_free(json);
	return EXIT_YES;
}

static int diff(const char *log_directory, char *const *names, size_t top, bool json)
{
	static struct drift drift;
	struct output *output;
	int code = drift_open(log_directory, names[0], names[1], &drift);

	/* Whether there is drift is not known then: that is no "yes, there is". */
	if (code)
		return EXIT_GUARD;
	output = output_open(COLOUR_NEVER);
	if (json)
		code = write_json(output, &drift);
	else
		write_text(output, &drift, top);
	if (code == EXIT_YES && (drift.count || drift.ignored))
		code = EXIT_NO;
	code = output_finish(output, code);
	drift_close(&drift);
	return code;
}

static int run_diff(int argc, char **argv)
{
	static const struct option options[] = {
		{"log", required_argument, NULL, 'l'},
		{"top", required_argument, NULL, 't'},
		{"json", no_argument, NULL, 'j'},
		{NULL, 0, NULL, 0},
	};
	const char *log_directory = NULL;
	size_t top = TOP_DEFAULT;
	bool json = false;

	opterr = 0;
	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
		switch (option) {
		case 'l':
			log_directory = optarg;
			break;
		case 't':
			if (options_number(optarg, &top))
				return fail_usage(&cmd_diff, "--top takes a number of rows, not \"%s\"", optarg);
			top = top ? top : SIZE_MAX;
			break;
		case 'j':
			json = true;
			break;
		default:
			return options_fail(&cmd_diff, options, argv);
		}
	if (optind == argc)
		return fail_usage(&cmd_diff, "the session to compare with is missing");
	if (optind + 2 < argc)
		return fail_usage(&cmd_diff, "\"%s\" is one session too many", argv[optind + 2]);
	return diff(log_directory, argv + optind, top, json);
}

const struct command cmd_diff = {
	.name = "diff",
	.usage = "diff [--log DIR] [--top N] [--json] BASE [RUN]",
	.summary = "say what a run did that another did not: objects, programs, hosts, refusals",
	.help = "  --log DIR  sessions below this directory (default: the usual places)\n"
		"  --top N    rows of each list, 0: all (default: 20)\n"
		"  --json     one JSON object, always with all rows\n"
		"\n"
		"BASE and RUN are sessions: an id, the beginning of one, a path, or last (RUN's default).\n"
		"Names are compared without what changes by itself: pids, temporary names, checksums, versions;\n"
		"guardctl(1) says exactly how.\n"
		"\n"
		"  guardctl diff 20260102T030405-123              the newest session against that one\n"
		"\n"
		"Exit status: 0 the same, 1 drift, 2 usage, 125 a session is not there or cannot be read.\n",
	.run = run_diff,
};
