import type { CodeEntry } from '@exeat/core'

const invalid = (summary: string): CodeEntry => ({ exit: 3, http: 422, summary })

/** Why a file is not the strict YAML of design §3. The first group refuses the file, the second a document. */
export const yamlCodes = {
  YAML_TOO_LARGE: invalid('A document file is larger than 1 MiB, or has more than 400,000 words and signs.'),
  YAML_ENCODING: invalid('A document file is not UTF-8.'),
  YAML_CHARACTER: invalid('A document file holds a character that YAML text may not hold.'),
  YAML_TOO_DEEP: invalid('Lists and mappings are nested deeper than 32.'),
  YAML_TAB: invalid('A tab is used as indentation.'),
  YAML_DIRECTIVE: invalid('A document file has a `%` directive.'),
  YAML_SYNTAX: invalid('A document file is not YAML 1.2.'),

  YAML_ANCHOR: invalid('A document defines an anchor.'),
  YAML_ALIAS: invalid('A document uses an alias.'),
  YAML_MERGE_KEY: invalid('A document uses the merge key `<<`.'),
  YAML_TAG: invalid('A document states a tag.'),
  YAML_DUPLICATE_KEY: invalid('A mapping has a key twice.'),
  YAML_KEY: invalid('A key of a mapping is not a string.'),
  YAML_FLOAT: invalid('A document holds a number that is not whole.'),
  YAML_INTEGER: invalid('A document holds a whole number that is too large to be exact.'),
} as const satisfies Record<string, CodeEntry>

export type YamlCode = keyof typeof yamlCodes
