# SPDX-License-Identifier: Apache-2.0
# From the preprocessed hooks.def to names under which the kernel door has the hooks' functions: libc's own names are
# libc's in a program that is not guarded itself. Only calls and definitions are renamed, no types and members.
/^(HOOK|QUERY)\(/ { split($0, part, /, */); give(part[2]) }
/^CUSTOM\(/ && !/__res_/ { gsub(/^[A-Z]+\(|\).*$/, ""); give($0) }
function give(name) {
	print "extern __typeof__(" name ") as_guest_" name ";"
	print "#define " name "(...) as_guest_" name "(__VA_ARGS__)"
}
