# SPDX-License-Identifier: Apache-2.0
# From the preprocessed hooks.def to the linker's list of exported names. The version node has no name: with one,
# callers that ask for unlink@GLIBC_2.2.5 would not be bound to ours.
BEGIN { print "{ global:" }
/^(HOOK|QUERY|PASS)\(/ { split($0, part, /, */); print "\t" part[2] ";" }
/^(CUSTOM|NEXT)\(/ { gsub(/^[A-Z]+\(|\).*$/, ""); print "\t" $0 ";" }
END { print "local: *; };" }
