#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Writes the rows of the table of scripts (server/store/script.c): `{"NAME", "TEXT"},` for each DIR/NAME.lua, with
# each `--- @include "PART"` line replaced by DIR/include/PART.lua, once a script.
set -eu
dir=$1

splice() {
	awk -v dir="$dir" -v name="$1" '
		function splice(path, line, part, got) {
			while ((got = (getline line < path)) > 0) {
				if (line !~ /^--- @include "[a-z_]+"$/) {
					print line
					continue
				}
				split(line, part, "\"")
				if (!(part[2] in spliced)) {
					spliced[part[2]] = 1
					splice(dir "/include/" part[2] ".lua")
				}
			}
			if (got < 0) {
				print name ".lua: cannot read " path > "/dev/stderr"
				exit 1
			}
			close(path)
		}
		BEGIN { splice(dir "/" name ".lua") }'
}

for file in "$dir"/*.lua; do
	name=$(basename "$file" .lua)
	text=$(splice "$name")
	printf '{"%s",\n' "$name"
	# The escaped question mark keeps trigraphs away.
	printf '%s\n' "$text" | sed 's/[\\"?]/\\&/g; s/.*/\t"&\\n"/'
	printf '},\n'
done
