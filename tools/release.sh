#!/usr/bin/env bash
# What a release consists of: the packed tarball, its software bill of materials (CycloneDX), and checksums of both.
# Usage: tools/release.sh [FOLDER], by default build/release.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${1:-build/release}
npm run -s build
mkdir -p "$folder"
tarball=$(npm pack --silent --ignore-scripts --pack-destination "$folder")
name=${tarball%.tgz}
# npm names the root after its folder.
npm sbom --omit=dev --sbom-format=cyclonedx --sbom-type=application |
  node -e 'const bom = JSON.parse(require("fs").readFileSync(0, "utf8")); bom.metadata.component.name = require("./package.json").name; console.log(JSON.stringify(bom, null, 2))' \
    >"$folder/$name.cdx.json"
(cd "$folder" && sha256sum "$tarball" "$name.cdx.json" >SHA256SUMS)
bytes=$(stat -c %s "$folder/$tarball")
parts=$(node -p 'JSON.parse(require("fs").readFileSync(process.argv[1], "utf8")).components.length' "$folder/$name.cdx.json")
echo "$folder: $tarball ($bytes bytes), $parts packages that it needs, SHA256SUMS"
