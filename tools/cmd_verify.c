/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guardctl verify: whether a session's log is still what its supervisor sealed.
 */
#include "tools/cmd.h"
#include "tools/json.h"
#include "tools/options.h"
#include "tools/output.h"
#include "tools/session_files.h"
#include "tools/session_info.h"
#include "tools/verify.h"
#include "tools/when.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct request {
	const char *log_directory;
	const char *name;
	bool json;
	bool expects;
	struct seal_hash expected;
};

/* Whether anybody may still write to the log, or seal it. Who can change session.json can hide an end, not make one. */
enum state {
	STATE_OVER,
	STATE_SUPERVISED,
	STATE_JOINED /* by programs; the supervisor was killed, or runs in another container */
};

static const char *const states[] = {"over", "supervised", "joined"};

static const char *const words[] = {
	[VERIFY_CHAIN] = "chain altered", [VERIFY_GAP] = "gap",        [VERIFY_ALTERED] = "altered",
	[VERIFY_CUT] = "cut",             [VERIFY_MISSING] = "missing", [VERIFY_FILE] = "altered",
	[VERIFY_ADDED] = "added",         [VERIFY_UNENDED] = "no end",  [VERIFY_UNKNOWN] = "not that chain",
};

/* The same as one word each, for programs. */
static const char *const kinds[] = {
	[VERIFY_CHAIN] = "chain", [VERIFY_GAP] = "gap",     [VERIFY_ALTERED] = "altered",
	[VERIFY_CUT] = "cut",     [VERIFY_MISSING] = "missing", [VERIFY_FILE] = "file",
	[VERIFY_ADDED] = "added", [VERIFY_UNENDED] = "unended", [VERIFY_UNKNOWN] = "unknown",
};

static void put_time(struct output *output, uint64_t time_ns)
{
	char storage[WHEN_MAX];
	struct buf when = BUF_ON(storage);

	when_write_local(time_ns, &when);
	output_bytes(output, when.data, when.len);
}

static void put_count(struct output *output, uint64_t count, const char *one, const char *many)
{
	output_format(output, "%llu %s", (unsigned long long)count, count == 1 ? one : many);
}

static void put_records(struct output *output, uint64_t count)
{
	put_count(output, count, "record", "records");
}

static void put_hash(struct output *output, const struct seal_hash *hash)
{
	char storage[SEAL_HASH_DIGITS];
	struct buf digits = BUF_ON(storage);

	seal_hash_write(hash, &digits);
	output_bytes(output, digits.data, digits.len);
}

/* "events 2.17 to 2.300 (210 records, sealed between ... and ...)". */
static void put_slots(struct output *output, const struct verify_finding *finding)
{
	uint32_t first = finding->first > 0 ? finding->first : 1, last = finding->first + finding->count - 1;

	output_format(output, "segment %u, events %u.%u to %u.%u", finding->segment, finding->segment, first, finding->segment,
		      last > first ? last : first);
	if (finding->to_ns == 0)
		return;
	output_string(output, " (");
	if (finding->records > 0) {
		put_records(output, finding->records);
		output_string(output, ", ");
	}
	output_string(output, "sealed between ");
	put_time(output, finding->from_ns);
	output_string(output, " and ");
	put_time(output, finding->to_ns);
	output_string(output, ")");
}

static void put_finding(struct output *output, const struct verify_finding *finding)
{
	output_format(output, "%s: ", words[finding->kind]);
	switch (finding->kind) {
	case VERIFY_CHAIN:
		output_format(output, finding->lines > 1 ? "lines %llu to %llu of seal" : "line %llu of seal",
			      (unsigned long long)finding->line, (unsigned long long)(finding->line + finding->lines - 1));
		break;
	case VERIFY_GAP:
		put_slots(output, finding);
		output_string(output, ": no good line of the seal covers them");
		break;
	case VERIFY_ALTERED:
	case VERIFY_CUT:
		put_slots(output, finding);
		break;
	case VERIFY_MISSING:
		output_format(output, "events-%04u.log: ", finding->segment);
		put_slots(output, finding);
		break;
	case VERIFY_FILE:
		output_format(output, "%s, sealed at ", finding->name);
		put_time(output, finding->to_ns);
		break;
	case VERIFY_ADDED:
		if (finding->segment > 0) {
			output_format(output, "segment %u is longer than it was made", finding->segment);
		} else {
			put_records(output, finding->records);
			output_string(output, " behind the end of the session");
		}
		break;
	case VERIFY_UNENDED:
		output_string(output, "the session is over, and its supervisor was killed or could not write, or the end of the seal is cut off; "
				      "sealed up to ");
		put_time(output, finding->from_ns);
		break;
	case VERIFY_UNKNOWN:
		output_string(output, "no line of the seal ends in the hash that was given");
		break;
	}
	output_string(output, "\n");
}

/* "1234 records in 5 sealed blocks, protected from 2026-01-02 03:04:05 on". */
static void put_intact(struct output *output, const struct verify_result *result)
{
	put_records(output, result->records);
	output_string(output, " in ");
	put_count(output, result->blocks, "sealed block", "sealed blocks");
	if (result->sealed_ns > 0) {
		output_string(output, ", protected from ");
		put_time(output, result->sealed_ns);
		output_string(output, " on");
	}
	output_string(output, "\n");
}

static const char *end_of(const struct verify_result *result, enum state state)
{
	if (result->ended)
		return result->survivors > 0 ? "sealed; programs went on, and nobody was left to seal" : "sealed";
	return state == STATE_JOINED ? "none; programs of the session run, and its supervisor is not seen from here" : "none yet";
}

static void put_facts(struct output *output, const struct verify_result *result, enum state state)
{
	char storage[WHEN_MAX];
	struct buf lag = BUF_ON(storage);

	if (result->blocks > 0) {
		when_write_duration(result->lag_ns, &lag);
		output_format(output, "  lag       sealed at most %s after a record was written\n", buf_cstr(&lag));
	}
	if (result->holes > 0) {
		output_string(output, "  torn      ");
		put_count(output, result->holes, "record was", "records were");
		output_string(output, " not finished when sealed");
		if (result->late > 0)
			output_format(output, ", %llu finished later: not protected", (unsigned long long)result->late);
		output_string(output, "\n");
	}
	if (result->unsealed > 0) {
		output_string(output, "  unsealed  ");
		put_records(output, result->unsealed);
		output_string(output, " behind what is sealed: not protected\n");
	}
	if (result->ended || state != STATE_OVER)
		output_format(output, "  end       %s\n", end_of(result, state));
	output_string(output, "  chain     ");
	put_hash(output, &result->link);
	output_string(output, "\n");
	if (result->expected > 0 && result->expected < result->lines)
		output_format(output, "  expected  line %llu of %llu: up to there the log is what it was when that hash was noted\n",
			      (unsigned long long)result->expected, (unsigned long long)result->lines);
}

static void write_text(struct output *output, const char *directory, const struct verify_result *result, enum state state)
{
	if (!result->sealed) {
		output_string(output, "not sealed: ");
		output_text(output, (struct text){directory, strlen(directory)});
		output_string(output, " has no seal: an older libguard made it, or somebody removed it\n");
		return;
	}
	for (size_t i = 0; i < result->found && i < VERIFY_FINDINGS; i++)
		put_finding(output, &result->findings[i]);
	if (result->found > VERIFY_FINDINGS)
		output_format(output, "and %llu more\n", (unsigned long long)(result->found - VERIFY_FINDINGS));
	output_string(output, result->found == 0 ? "intact: " : "  intact    ");
	put_intact(output, result);
	put_facts(output, result, state);
}

static void put_output(void *output, const char *text, size_t len)
{
	output_bytes(output, text, len);
}

static void put_json_hash(yajl_gen json, const char *key, const struct seal_hash *hash)
{
	char storage[SEAL_HASH_DIGITS];
	struct buf digits = BUF_ON(storage);

	seal_hash_write(hash, &digits);
	json_put_text(json, key, (struct text){digits.data, digits.len});
}

static void put_json_finding(yajl_gen json, const struct verify_finding *finding)
{
	yajl_gen_map_open(json);
	json_put_string(json, "kind", kinds[finding->kind]);
	if (finding->segment > 0) {
		json_put_number(json, "segment", finding->segment);
		json_put_number(json, "first_slot", finding->first);
		json_put_number(json, "slots", finding->count);
	}
	if (finding->line > 0) {
		json_put_number(json, "line", finding->line);
		json_put_number(json, "lines", finding->lines);
	}
	json_put_number(json, "records", finding->records);
	json_put_string(json, "file", finding->name[0] ? finding->name : NULL);
	if (finding->from_ns > 0)
		json_put_time(json, "sealed_after", finding->from_ns);
	if (finding->to_ns > 0)
		json_put_time(json, "sealed_at", finding->to_ns);
	yajl_gen_map_close(json);
}

static int write_json(struct output *output, const char *directory, const struct verify_result *result, enum state state)
{
	yajl_gen json = yajl_gen_alloc(NULL);

	if (!json)
		return fail(EXIT_GUARD, "no memory");
	yajl_gen_config(json, yajl_gen_beautify, 1);
	yajl_gen_config(json, yajl_gen_print_callback, put_output, output);
	yajl_gen_map_open(json);
	json_put_string(json, "directory", directory);
	json_put_bool(json, "intact", result->sealed && result->found == 0);
	json_put_bool(json, "sealed", result->sealed);
	if (result->sealed) {
		json_put_string(json, "session", result->name);
		json_put_bool(json, "ended", result->ended);
		json_put_string(json, "state", states[state]);
		json_put_number(json, "survivors", result->survivors);
		json_put_number(json, "records", result->records);
		json_put_number(json, "blocks", result->blocks);
		json_put_number(json, "torn", result->holes);
		json_put_number(json, "finished_late", result->late);
		json_put_number(json, "unsealed", result->unsealed);
		if (result->sealed_ns > 0)
			json_put_time(json, "protected_from", result->sealed_ns);
		json_put_number(json, "lag_ms", result->lag_ns / 1000000u);
		put_json_hash(json, "chain", &result->link);
		json_put_number(json, "lines", result->lines);
		if (result->expected > 0)
			json_put_number(json, "expected_line", result->expected);
	}
	json_put_number(json, "found", result->found);
	json_key(json, "findings");
	yajl_gen_array_open(json);
	for (size_t i = 0; i < result->found && i < VERIFY_FINDINGS; i++)
		put_json_finding(json, &result->findings[i]);
	yajl_gen_array_close(json);
	yajl_gen_map_close(json);
	yajl_gen_free(json);
	return EXIT_YES;
}

static enum state state_of(const char *directory)
{
	bool running = false, survived = false;
	struct session_info info;

	if (session_info_read(directory, &info) == 0) {
		running = info.running;
		survived = info.ended_ns > 0;
		session_info_free(&info);
	}
	if (running)
		return STATE_SUPERVISED;
	if (!session_files_joined(directory))
		return STATE_OVER;
	/* Who outlives the first process is served by a fork of the supervisor, which holds the session like a program. */
	return survived ? STATE_SUPERVISED : STATE_JOINED;
}

static int verify(const struct request *request)
{
	static struct verify_result result;
	char *directory = session_find(request->log_directory, request->name);
	struct output *output;
	enum state state;
	int error, code;

	/* Whether it was altered is not known then: that is no "yes, it was". */
	if (!directory)
		return EXIT_GUARD;
	state = state_of(directory);
	error = verify_session(directory, state != STATE_OVER, request->expects ? &request->expected : NULL, &result);
	if (error || result.newer) {
		code = error ? fail(EXIT_GUARD, "cannot read %s/" SEAL_FILE ": %s", directory, strerror(-error))
			     : fail(EXIT_GUARD, "%s was sealed by a newer libguard; use the guardctl that came with it", directory);
		free(directory);
		return code;
	}
	output = output_open(COLOUR_NEVER);
	code = EXIT_YES;
	if (request->json)
		code = write_json(output, directory, &result, state);
	else
		write_text(output, directory, &result, state);
	if (code == EXIT_YES && (!result.sealed || result.found > 0))
		code = EXIT_NO;
	free(directory);
	return output_finish(output, code);
}

static int run_verify(int argc, char **argv)
{
	static const struct option options[] = {
		{"log", required_argument, NULL, 'l'},
		{"expect", required_argument, NULL, 'e'},
		{"json", no_argument, NULL, 'j'},
		{NULL, 0, NULL, 0},
	};
	struct request request = {0};

	opterr = 0;
	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
		switch (option) {
		case 'l':
			request.log_directory = optarg;
			break;
		case 'e':
			request.expects = true;
			if (seal_hash_read((struct text){optarg, strlen(optarg)}, &request.expected))
				return fail_usage(&cmd_verify, "--expect takes a hash as verify prints it, 64 digits, not \"%s\"", optarg);
			break;
		case 'j':
			request.json = true;
			break;
		default:
			return options_fail(&cmd_verify, options, argv);
		}
	if (optind + 1 < argc)
		return fail_usage(&cmd_verify, "\"%s\" is one session too many", argv[optind + 1]);
	request.name = argv[optind];
	return verify(&request);
}

const struct command cmd_verify = {
	.name = "verify",
	.usage = "verify [--log DIR] [--expect HASH] [--json] [SESSION]",
	.summary = "say whether a log is still what was sealed while it was written",
	.help = "  --log DIR      sessions below this directory (default: the usual places)\n"
		"  --expect HASH  the chain must have this hash: what verify printed earlier and somebody kept elsewhere\n"
		"  --json         one JSON object\n"
		"\n"
		"SESSION is an id, the beginning of one, a directory, or last (the default). A running session can be verified\n"
		"as far as it is sealed. Who can write to the session's directory can make a new seal for another log:\n"
		"keep the hash of the last line (\"chain\") where he cannot, and give it with --expect.\n"
		"\n"
		"Exit status: 0 intact, 1 altered, cut, incomplete or not sealed, 2 usage, 125 there is no such session or it\n"
		"cannot be read.\n",
	.run = run_verify,
};
