# SPDX-License-Identifier: Apache-2.0
# A line of sha256sum(1) as the source expression of a content security policy: the same number in base64.
# Usage: sha256sum <FILE | awk -v name=MACRO -f hash.awk
{
	digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	hex = substr($1, 1, 64) "00"
	for (i = 1; i <= 66; i += 3) {
		bits = 0
		for (k = 0; k < 3; k++)
			bits = 16 * bits + index("0123456789abcdef", substr(hex, i + k, 1)) - 1
		out = out substr(digits, int(bits / 64) + 1, 1) substr(digits, bits % 64 + 1, 1)
	}
	printf "#define %s \"sha256-%s=\"\n", name, substr(out, 1, 43)
}
