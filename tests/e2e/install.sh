#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What `make install` leaves is complete and works from where it lies.
. "$top_srcdir/tests/e2e/lib.sh" || exit 99

# Into a directory of its own, with a prefix that configure did not know: nothing may depend on the build tree.
root=$scratch/root
check "make install works" make -C "$top_builddir" install DESTDIR="$root"
prefix=$root$(MAKEFLAGS='' make -s --no-print-directory -C "$top_builddir" --eval='show: ; @echo $(prefix)' show)

file() { # GLOB below the prefix
	compgen -G "$prefix/$1"
}
check "guardctl is there" file 'bin/guardctl'
check "the profiles are there" file 'share/libguard/profiles/base.conf'
check "an example policy is there" file 'share/libguard/guard.conf'
check "the format for lnav is there" file 'share/libguard/lnav/libguard.json'
check "bash completion is there" file 'share/bash-completion/completions/guardctl.bash'
check "libguard.pc is there" file 'lib/pkgconfig/libguard.pc'
check "no libtool archive is left" same "" "$(find "$root" -name '*.la')"
for page in man1/guardctl.1 man5/guard.conf.5 man7/libguard.7; do
	if [ -f "$top_srcdir/doc/${page#*/}" ] || [ -f "$top_builddir/doc/${page#*/}" ]; then
		check "the manual page $page is there" file "share/man/$page"
	else
		skip "the manual page $page is there" "no scdoc here, and no page was shipped"
	fi
done

check "the installed guardctl runs" "$prefix/bin/guardctl" --version
installed=$(compgen -G "$prefix/lib*/libguard.so")
check "libguard.so is there" test -n "$installed"
finish
