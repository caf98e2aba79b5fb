import { extensionsOf } from './extensions.ts';

/** What kind of text a file holds: prose, code, table (data: JSON, XML and the like too), or other. */
export type Kind = 'prose' | 'code' | 'table' | 'other';

const EXTENSIONS: Readonly<Record<Exclude<Kind, 'other'>, string>> = {
  prose: 'txt text md mdx markdown rst adoc asciidoc org tex textile wiki html htm xhtml pod man rtf srt vtt',
  code:
    'py pyi pyx js jsx mjs cjs ts tsx mts cts c h cc cpp cxx hh hpp hxx java kt kts scala groovy clj ' +
    'cljs go rs rb php pl pm t swift m mm cs fs fsx vb ' +
    'hs lhs ml mli elm erl hrl ex exs lua r jl f f90 f95 for pas pp d nim zig dart v sv vhd vhdl asm s ' +
    'sh bash zsh fish ps1 bat cmd awk sed tcl el lisp ' +
    'scm rkt sql proto thrift cmake mk gradle css scss sass less vue svelte wgsl glsl hlsl cu cuh sol tf nix',
  table:
    'csv tsv psv tab json json5 jsonc jsonl ndjson geojson map yaml yml toml ini cfg conf properties xml ' +
    'svg plist lock po pot',
};

const KIND_OF = new Map<string, Kind>(
  Object.entries(EXTENSIONS).flatMap(([kind, list]) => list.split(' ').map((e): [string, Kind] => [e, kind as Kind])),
);
/** Files that are known by their whole name. */
const KIND_OF_NAME = new Map<string, Kind>([
  ['readme', 'prose'],
  ...[
    'license',
    'licence',
    'copying',
    'notice',
    'changelog',
    'changes',
    'history',
    'news',
    'authors',
    'contributing',
    'todo',
  ].map((name): [string, Kind] => [name, 'prose']),
  ['makefile', 'code'],
  ['dockerfile', 'code'],
]);

/** Kind of a file by its extension (that of the packing left out), else by its name. */
export function kindOf(path: string): Kind {
  const name = path
    .slice(path.lastIndexOf('/') + 1)
    .replace(/[A-Z]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 32));
  return KIND_OF.get(extensionsOf(path).inner) ?? KIND_OF_NAME.get(name.split(/[.\-_ ]/)[0]) ?? 'other';
}
