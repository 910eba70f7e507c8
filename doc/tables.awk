# SPDX-License-Identifier: Apache-2.0
# Put the rows of policy.def and verbs.def into a page: its lines "@KEYS place@" and "@VERBS section@" become the
# keys that may stand there and the operations decided there.
#
#   awk -f tables.awk policy.def verbs.def page.scd

function escape(text) {
	gsub(/[\\*_]/, "\\\\&", text)
	gsub(quote, "\"", text)
	return text
}

function print_keys(place,    i) {
	for (i = 1; i <= keys; i++)
		if (index(" " places[i] " ", " " place " ")) {
			print "*" names[i] "* = " shape(i)
			print "\t" escape(sentences[i]) "." absence(i) "\n"
		}
}

function shape(i,    allowed) {
	allowed = allowed_words[i]
	if (types[i] == "WORD")
		gsub(/ /, "\" | \"", allowed)
	if (types[i] == "WORD" || types[i] == "TEXT")
		return types[i] == "WORD" ? "\"" escape(allowed) "\";" : "\"_" escape(allowed) "_\";"
	if (types[i] == "TEXTS" || types[i] == "LATER")
		return "\"_" (allowed == "" ? "text" : escape(allowed)) "_\" or [\"...\", \"...\"];"
	if (types[i] == "NUMBER" || types[i] == "PORTS")
		return escape(allowed) ";"
	if (types[i] == "FLAG")
		return "true | false;"
	if (types[i] == "ERRNO")
		return "\"_" escape(allowed) "_\";"
	return types[i] == "RULES" ? "( { _rule_ }, ... );" : "{ ... };"
}

function absence(i) {
	if (types[i] == "LATER")
		return " Not available yet: a policy with it is refused."
	return fallbacks[i] == "" || types[i] == "GROUP" ? "" : " Default: " escape(fallbacks[i]) "."
}

BEGIN { quote = "\001" }

{ table_row = $0; gsub(/\\"/, quote, table_row); split(table_row, part, "\"") }

/^KEY\(/ {
	keys++
	head = part[1]
	sub(/^KEY\(/, "", head)
	split(head, word, /, */)
	gsub(/[|]/, " ", word[1])
	places[keys] = word[1]
	names[keys] = word[2]
	types[keys] = word[3]
	fallbacks[keys] = part[2]
	allowed_words[keys] = part[4]
	sentences[keys] = part[6]
	next
}

/^VERB\(/ {
	verbs++
	split(part[3], word, /[, ]+/)
	verb_words[verbs] = part[2]
	verb_sections[verbs] = word[2]
	verb_sentences[verbs] = part[8]
	next
}

FILENAME !~ /\.scd$/ { next }

/^@KEYS / { sub(/@$/, "", $2); print_keys($2); next }

/^@VERBS / {
	sub(/@$/, "", $2)
	for (i = 1; i <= verbs; i++)
		if (verb_sections[i] == $2)
			print "*" verb_words[i] "*\n\t" escape(verb_sentences[i]) "\n"
	next
}

{ print }
