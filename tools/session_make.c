/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening and closing a session; see session_make.h.
 */
#include "tools/session_make.h"

#include "libguard/core/sys.h"
#include "libguard/session/start.h"
#include "tools/policy_load.h"
#include "tools/sealer.h"
#include "tools/session_files.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A compiled policy, and the session directory it was compiled for. */
struct compiled {
	unsigned char *image;
	size_t size;
	struct policy_text text;
	char directory[256];
	enum policy_mode mode;
	struct policy_kernel kernel;
	bool hides;
};

static void say(const char *format, ...) PRINTF(1, 2);
static void say(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fputs("libguard: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
}

static void compiled_free(struct compiled *compiled)
{
	free(compiled->image);
	policy_text_free(&compiled->text);
	*compiled = (struct compiled){0};
}

/* The policy protects the session's directory, which therefore is part of what is compiled. */
static int compile(const struct session_request *request, const char directory[256], struct compiled *out)
{
	struct policy_setting setting;
	struct policy policy;
	int result;

	compiled_free(out);
	memcpy(out->directory, directory, sizeof out->directory);
	policy_setting_here(&setting);
	setting.session = directory[0] ? directory : NULL;
	setting.library = request->library;
	result = policy_compile(request->policy, &setting, stderr, NULL, &out->image, &out->size, &out->text);
	if (result == 0)
		result = policy_attach(out->image, out->size, NULL, 0, &policy);
	if (result < 0) {
		say("the policy does not compile; %s is not started", request->argv[0] ? request->argv[0] : "the program");
		return result;
	}
	out->mode = policy_mode(&policy);
	out->kernel = policy_kernel(&policy);
	out->hides = policy_hides(&policy);
	return 0;
}

/* Add a sentence on what is not as it should be. */
static void degrade(struct session_info *info, char *sentence)
{
	size_t count = 0;
	char **grown;

	while (info->degraded && info->degraded[count])
		count++;
	grown = reallocarray(info->degraded, count + 2, sizeof *grown);
	if (!grown || !sentence) {
		free(sentence);
		return;
	}
	grown[count] = sentence;
	grown[count + 1] = NULL;
	info->degraded = grown;
}

void session_degrade(struct made_session *session, char *sentence)
{
	degrade(&session->info, sentence);
}

/* Where the session may be kept: in the place that was named, else in the first default one that takes it. */
struct places {
	char named[PATH_MAX]; /* may be empty */
	char defaults[4][PLACE_MAX];
	unsigned count;        /* of the defaults */
};

static void list_places(const struct session_request *request, const struct policy_text *text, struct places *out)
{
	const char *named = request->log_directory ? request->log_directory : text->log_directory;

	*out = (struct places){0};
	if (named)
		snprintf(out->named, sizeof out->named, "%s", named);
	/* Who names a place on the command line, or wants records at any price, does not want them anywhere else. */
	if (!named || (!request->log_directory && !text->log_required))
		out->count = place_log_directories(out->defaults);
}

static const char *first_place(const struct places *places)
{
	if (places->named[0])
		return places->named;
	return places->count ? places->defaults[0] : "any place";
}

static int seal_files(const struct compiled *compiled, struct made_session *out)
{
	const struct sealer_file files[] = {{"policy.conf", compiled->text.text, compiled->text.text_len},
					    {"policy.img", compiled->image, compiled->size},
					    {NULL, NULL, 0}};
	int result = sealer_make(out->directory, files, &out->sealer);

	if (result < 0)
		session_files_remove(out->directory);
	return result;
}

/* Make all files but session.json in one place. The policy is compiled again if it was for another directory. */
static int make_in(const struct session_request *request, const char *place, const char *id, bool named,
		   struct compiled *compiled, struct made_session *out)
{
	int result = session_files_directory(place, id, !named, out->directory, &out->shared);

	if (result < 0)
		return result;
	if (strcmp(out->directory, compiled->directory) != 0 && compile(request, out->directory, compiled) < 0) {
		session_files_remove(out->directory);
		return -ECANCELED;
	}
	result = session_files_make(out->directory,
				    &(struct session_files){.image = compiled->image,
							    .image_size = compiled->size,
							    .text = compiled->text.text,
							    .text_len = compiled->text.text_len,
							    .shared = out->shared},
				    &out->state);
	return result < 0 ? result : seal_files(compiled, out);
}

/* In the record always; on stderr only when somebody has asked for the place. */
static void tell_other_place(const char *wanted, int error, bool named, struct made_session *out)
{
	char *sentence = NULL;

	if (named)
		say("sessions cannot be kept in %s (%s); this one is %s", wanted, strerror(-error), out->directory);
	if (asprintf(&sentence, "kept in %s: %s: %s", out->directory, wanted, strerror(-error)) < 0)
		sentence = NULL;
	degrade(&out->info, sentence);
}

static const char *remedy(int error)
{
	if (error == -EFBIG)
		return "raise the limit on the size of files (ulimit -f)";
	if (error == -EMFILE)
		return "raise the limit on open files (ulimit -n)";
	return "name a writable directory in log.directory";
}

static int make_files(const struct session_request *request, const char *id, struct compiled *compiled,
		      struct made_session *out)
{
	const char *wanted;
	struct places places;
	int result = -ENOENT, error = result;

	list_places(request, &compiled->text, &places);
	wanted = first_place(&places);
	if (places.named[0])
		error = result = make_in(request, places.named, id, true, compiled, out);
	for (unsigned i = 0; i < places.count && result < 0 && result != -ECANCELED; i++) {
		result = make_in(request, places.defaults[i], id, false, compiled, out);
		if (places.defaults[i] == wanted)
			error = result;
		else if (result == 0)
			tell_other_place(wanted, error, places.named[0] != '\0', out);
	}
	if (result < 0 && result != -ECANCELED)
		say("no session can be kept in %s (%s); %s", wanted, strerror(-error), remedy(error));
	return result;
}

static char **copy_words(char *const *words)
{
	size_t count = 0;
	char **copy;

	while (words[count])
		count++;
	copy = calloc(count + 1, sizeof *copy);
	for (size_t i = 0; copy && i < count; i++)
		copy[i] = strdup(words[i]);
	return copy;
}

static int describe(const struct session_request *request, const struct compiled *compiled, struct made_session *out)
{
	struct session_info *info = &out->info;
	const struct passwd *user = getpwuid(geteuid());
	char host[HOST_NAME_MAX + 1] = "", here[PATH_MAX], uid[16];
	struct policy_setting setting;

	snprintf(uid, sizeof uid, "%u", (unsigned)geteuid());
	gethostname(host, sizeof host - 1);
	info->directory = strdup(out->directory);
	info->id = strdup(strrchr(out->directory, '/') + 1);
	info->user = strdup(user ? user->pw_name : uid);
	info->host = strdup(host);
	info->workspace = strdup(getcwd(here, sizeof here) ? here : "/");
	policy_setting_here(&setting);
	info->home = strdup(setting.home);
	info->policy = strdup(compiled->text.source ? compiled->text.source : "built-in");
	info->mode = strdup(compiled->mode == MODE_AUDIT ? "audit" : "enforce");
	info->level = strdup("hooks");
	info->argv = copy_words(request->argv);
	info->started_ns = out->state->started_ns;
	info->pid = request->child;
	info->supervisor = getpid();
	if (!info->directory || !info->id || !info->user || !info->host || !info->workspace || !info->home || !info->policy ||
	    !info->mode || !info->level || !info->argv)
		return -ENOMEM;
	if (geteuid() == 0 && !out->shared)
		degrade(info, strdup("processes that change their user cannot join: other users cannot pass the "
				     "directories above the session, or one of them owns one"));
	return session_info_write(info);
}

/* Audit refuses nothing, so nothing may stop the program, unless the policy demands a record. */
static int give_up(const struct compiled *compiled, int error)
{
	if (error == -ECANCELED || compiled->mode != MODE_AUDIT || compiled->text.log_required)
		return error;
	say("the policy only audits: the program runs, unguarded and unrecorded");
	return START_UNGUARDED;
}

static int make_session(const struct session_request *request, const char *id, struct compiled *compiled,
			struct made_session *out)
{
	int result = make_files(request, id, compiled, out);

	if (result == 0) {
		result = describe(request, compiled, out);
		if (result < 0) {
			say("%s/session.json cannot be written: %s", out->directory, strerror(-result));
			session_files_remove(out->directory);
		}
	}
	return result < 0 ? give_up(compiled, result) : 0;
}

/* The directory that the session most likely gets: no second compilation then. */
static void guess_directory(const struct session_request *request, const char *id, char out[256])
{
	struct policy_text nothing = {0};
	struct places places;
	char canonical[PATH_MAX];

	list_places(request, &nothing, &places);
	if ((size_t)snprintf(out, 256, "%s/%s",
			     realpath(first_place(&places), canonical) ? canonical : first_place(&places), id) >= 256)
		out[0] = '\0';
}

int session_make(const struct session_request *request, struct made_session *out)
{
	struct compiled compiled = {0};
	char id[SESSION_ID_MAX], guess[256];
	int result;

	*out = (struct made_session){.making = PTHREAD_MUTEX_INITIALIZER, .library = request->library};
	session_files_id(request->child, id);
	guess_directory(request, id, guess);
	result = compile(request, guess, &compiled);
	if (result == 0)
		result = compiled.mode == MODE_OFF ? START_UNGUARDED : make_session(request, id, &compiled, out);
	out->kernel = compiled.kernel;
	out->hides = compiled.hides;
	out->floor = compiled.text.floor;
	compiled.text.floor = NULL;
	out->keep_days = compiled.text.keep_days;
	out->keep_sessions = compiled.text.keep_sessions;
	compiled_free(&compiled);
	return result;
}
