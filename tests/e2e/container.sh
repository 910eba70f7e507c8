#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The demo agent in an image that names the library in ENV and in /etc/ld.so.preload (conf/container/Containerfile), with
# as few rights as a container can have: Docker, podman, podman without root; and below bubblewrap.
#
# GUARD_IMAGE_ROOT=DIR: the root directory of a system (debootstrap) to put into the image, with python3, git and what
# guardctl needs. Without, the image is made of this system's own files.
# shellcheck disable=SC2086  # $extra and $limits are words
. "$top_srcdir/tests/e2e/lib.sh" || exit 99
[ -f "$library" ] || skip_all "no preload library was built"
demo=$(cd "$top_srcdir/tests/demo" && pwd -P)
user=10001
hard=(--cap-drop=ALL --read-only --security-opt no-new-privileges --user "$user:$user" --network host)
python=/usr/bin/python3
chmod 755 "$scratch"

# Where engines keep their things while this runs.
docker() { command docker -H "unix://$scratch/docker.sock" "$@"; }
podman() { command podman --root "$scratch/podman" --runroot "$scratch/podman.run" --tmpdir "$scratch/podman.tmp" --cgroup-manager cgroupfs --events-backend none --runtime "$runtime" "$@"; }
# As a user without rights, and without ids of others (/etc/subuid): root in the container is that user.
rootless() {
	env -i PATH="$PATH" HOME="$scratch/home" XDG_RUNTIME_DIR="$scratch/home/run" DEMO_WORLD="${DEMO_WORLD-}" MODEL_URL="${MODEL_URL-}" \
		setpriv --reuid "$user" --regid "$user" --clear-groups podman --storage-driver vfs --cgroup-manager cgroupfs --events-backend none \
		--runtime "$runtime" "$@"
}
# crun knows no mixed cgroups, runc is not everywhere.
runtime=$(type -P runc || type -P crun || echo none)

stop_docker() {
	local daemon
	daemon=$(cat "$scratch/docker.pid" 2>/dev/null) || return 0
	kill "$daemon"
	for _ in {1..100}; do [ -e "/proc/$daemon" ] || break; sleep 0.1; done
	umount "$scratch/docker.run/netns/default" 2>/dev/null
}
trap 'stop_docker; podman unmount --all >/dev/null 2>&1; umount -l "$scratch"/podman/overlay 2>/dev/null; chmod -R u+w "$scratch"; rm -rf "$scratch"' EXIT

# The files of this system that the agent needs, links and what they lead to.
files_of_image() {
	local name version
	version=$("$python" -c 'import sys; print("python%d.%d" % sys.version_info[:2])')
	{
		for name in sh bash env python3 git cat ls true id rm mkdir touch sleep grep sed head wc find; do
			PATH=/usr/bin:/bin type -P "$name"
		done
		find "/usr/lib/$version" \( -name test -o -name __pycache__ -o -name 'config-*' -o -name '*-packages' -o -name idlelib \) -prune \
			-o -type f -print
		find /usr/lib/git-core /usr/share/git-core/templates \( -type f -o -type l \) -print
	} >"$scratch/files"
	while read -r name; do
		ldd "$name" 2>/dev/null | grep -oE '/[^ ]+'
	done < <(xargs -d '\n' grep -lIL '' <"$scratch/files" 2>/dev/null; echo "$guardctl") | sort -u >"$scratch/libraries"
	cat "$scratch/libraries" >>"$scratch/files"
	while read -r name; do
		echo "$(realpath "$(dirname "$name")")/${name##*/}"
		realpath "$name"
	done <"$scratch/files" | sort -u | sed 's#^/##'
}

make_root() {
	local root=$scratch/root name
	[ -z "${GUARD_IMAGE_ROOT-}" ] || { root=$GUARD_IMAGE_ROOT; tar -C "$root" -cf "$scratch/base.tar" --exclude ./proc/\* --exclude ./sys/\* .; return; }
	mkdir -p "$root"/{etc,tmp,proc,sys,dev,run,root,var/lib,usr/{bin,sbin,lib,lib64,local/bin,local/lib}}
	for name in bin sbin lib lib64; do ln -s "usr/$name" "$root/$name"; done
	echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
	files_of_image | tar -C / -cf - --no-recursion -T - | tar -C "$root" -xf - && tar -C "$root" -cf "$scratch/base.tar" .
}

make_context() {
	mkdir -p "$scratch/image"/{lib,bin,etc/libguard}
	cp "$library" "$scratch/image/lib" && cp "$guardctl" "$scratch/image/bin" &&
		cp -r "$demo/guard.conf" "$top_srcdir/conf/profiles" "$scratch/image/etc/libguard" &&
		echo /usr/local/lib/libguard.so >"$scratch/image/ld.so.preload" && cp "$top_srcdir/conf/container/Containerfile" "$scratch/image"
}

make_image() { # ENGINE...
	"$@" import "$scratch/base.tar" guard-base >/dev/null && "$@" build -q --build-arg BASE=guard-base -f "$scratch/image/Containerfile" \
		-t guarded "$scratch/image"
}

# What stands in front of the agent: the container, in which it is the first program. Its world is its user's meanwhile.
write_prefix() { # NAME OWNER COMMAND...
	local name=$1 owner=$2
	shift 2
	cat >"$scratch/in.$name" <<-END
		#!/bin/bash
		chown -R $owner "\$DEMO_WORLD"
		$(declare -f docker podman rootless)
		scratch=$scratch top=$demo user=$user runtime=$runtime
		$* "\$@"
		status=\$?
		chown -R 0:0 "\$DEMO_WORLD"
		exit \$status
	END
	chmod +x "$scratch/in.$name"
}
# shellcheck disable=SC2016 # for the script that is written
in_world='-v "$DEMO_WORLD:$DEMO_WORLD" -v "$top:$top:ro" -e HOME -e TMPDIR -e DEMO_WORLD -e MODEL_URL -e LANG -w "$PWD"'

by_both_doors() { # NAME
	"$guardctl" report --log "$scratch/world.$1/sessions" --json | "$python" -c '
import json, sys
report = json.load(sys.stdin)
rules = {refused["rule"]["name"] for refused in report["refused"]}
coverage = report["coverage"]
print(coverage, sorted(rules))
assert coverage["level"] == "hooks, kernel door" and coverage["lost"] == 0 and coverage["hooked"] > 20
assert {"git/force-push", "volumes"} <= rules'
}

try() { # NAME SENTENCE
	check "$2: the work is done and no harm" timeout 120 "$demo/run" --world "$scratch/world.$1" "$scratch/in.$1"
	check "$2: both doors are at work, and nothing is lost" by_both_doors "$1"
}

# No volume, no home: sessions go where there is room, and what is refused is refused.
without_volume() { # ENGINE...
	"$@" run --rm "${hard[@]}" -e DEMO_WORLD=/w -v "$scratch/plain.conf:/etc/libguard/guard.conf:ro" guarded \
		sh -c 'cat /etc/passwd; cat /etc/libguard/profiles/base.conf >/dev/null && guardctl report' >"$scratch/out" 2>"$scratch/err"
	cat "$scratch/out" "$scratch/err"
	grep -q 'refused read /etc/passwd (rule passwd,' "$scratch/err" && grep -q 'doors: hooks, kernel door' "$scratch/out"
}

[ "$(id -u)" = 0 ] || skip_all "an engine of one's own needs root"
[ -z "$doorless" ] || skip_all "no kernel door here"
engines=
if ! type -P dockerd >/dev/null || ! type -P docker >/dev/null; then
	skip "Docker's default profile, no rights at all, read-only" "no dockerd and docker"
elif ! { dockerd --iptables=false --bridge=none --data-root "$scratch/docker" --exec-root "$scratch/docker.run" -H "unix://$scratch/docker.sock" \
	--pidfile "$scratch/docker.pid" >"$scratch/docker.log" 2>&1 &
	for _ in {1..100}; do docker info >/dev/null 2>&1 && break; [ -e "/proc/$!" ] || break; sleep 0.1; done
	docker info >/dev/null 2>&1; }; then
	skip "Docker's default profile, no rights at all, read-only" "dockerd does not start here: $(tail -n 1 "$scratch/docker.log" | tr -d '#')"
else
	engines+=" docker"
fi
if type -P podman >/dev/null; then
	engines+=" podman"
else
	skip "podman, no rights at all, read-only" "no podman"
fi
[ -n "$engines" ] && { make_root && make_context || exit 99; }
printf 'files = ( { id = "passwd"; deny = "read"; path = "/etc/passwd"; } );\n' >"$scratch/plain.conf"


limits="--ulimit nofile=1024:1024 --ulimit nproc=4096:4096" # podman's own are more than some roots may give
for engine in $engines; do
	extra=
	[ "$engine" = podman ] && extra=$limits
	if ! make_image "$engine" >"$scratch/built" 2>&1 || ! "$engine" run --rm ${extra:+$extra} --network host --entrypoint /usr/bin/true guard-base >>"$scratch/built" 2>&1; then
		skip "$engine: no rights at all, read-only" "containers do not run here: $(tail -n 1 "$scratch/built" | tr -d '#')"
		continue
	fi
	write_prefix "$engine" "$user:$user" "$engine run --rm $extra ${hard[*]} $in_world guarded"
	try "$engine" "$engine, no rights at all, read-only"
	write_prefix "$engine.root" 0:0 "$engine run --rm $extra --network host $in_world guarded"
	try "$engine.root" "$engine, root with the rights it is given"
	write_prefix "$engine.bare" 0:0 "$engine run --rm $extra --cap-drop=ALL --network host $in_world guarded"
	try "$engine.bare" "$engine, root without rights"
	[ "$engine" = podman ] && hard+=(--ulimit nofile=1024:1024 --ulimit nproc=4096:4096)
	check "$engine: without volume and home" without_volume "$engine"
done

sentence="podman without root, no rights at all, read-only"
mkdir -p "$scratch/home/run" && chmod 700 "$scratch/home/run" && chown -R "$user:$user" "$scratch/home"
if [[ $engines != *podman* ]]; then
	skip "$sentence" "no podman"
elif ! make_image rootless >"$scratch/built" 2>&1 || ! rootless run --rm $limits --network host guard-base /usr/bin/true >>"$scratch/built" 2>&1; then
	skip "$sentence" "containers do not run here: $(tail -n 1 "$scratch/built" | tr -d '#')"
else
	write_prefix rootless "$user:$user" "rootless run --rm $limits --cap-drop=ALL --read-only --security-opt no-new-privileges --network host" \
		"-e HOME=\$HOME -e TMPDIR=\$TMPDIR -e LANG=\$LANG" "${in_world/-e HOME -e TMPDIR/}" guarded
	try rootless "$sentence"
fi

if ! type -P bwrap >/dev/null; then
	skip "bubblewrap" "no bwrap"
elif ! bwrap --unshare-all --share-net --ro-bind / / true 2>"$scratch/err"; then
	skip "bubblewrap" "$(head -n 1 "$scratch/err")"
else
	# shellcheck disable=SC2016 # for the script that is written
	write_prefix bwrap 0:0 'bwrap --unshare-all --share-net --die-with-parent --ro-bind / / --dev /dev --proc /proc --tmpfs /tmp --ro-bind "$top" "$top" --bind "$DEMO_WORLD" "$DEMO_WORLD"' \
		--ro-bind "$guardctl" /tmp/guard/guardctl --ro-bind "$library" /tmp/guard/libguard.so \
		--ro-bind "$demo/guard.conf" /tmp/guard/guard.conf --ro-bind "$(cd "$top_srcdir/conf/profiles" && pwd -P)" /tmp/guard/profiles \
		--setenv LD_PRELOAD /tmp/guard/libguard.so --setenv GUARD_POLICY /tmp/guard/guard.conf
	try bwrap "around it, bubblewrap"
fi
finish
