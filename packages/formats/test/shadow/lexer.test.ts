/** Comments of Python held against Python's own tokenizer, on its standard library. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { describeWith } from '../../../testkit/src/tools.ts'
import { languageOf } from '../../src/shadow/comments/language.ts'
import { scanComments } from '../../src/shadow/comments/scan.ts'

const program = `
import glob, json, os, tokenize
found = {}
for path in sorted(glob.glob(os.path.dirname(os.__file__) + '/**/*.py', recursive=True)):
    if 'packages' in path or '/test/' in path or len(found) >= 250: continue
    try:
        with open(path, 'rb') as source: found[path] = [token.start[0] for token in tokenize.tokenize(source.readline) if token.type == tokenize.COMMENT]
    except Exception: pass
print(json.dumps(found))
`

describeWith('python3', 'comments as Python itself reads them', (python) => {
  test('stand on the same lines, in every file', { timeout: 60_000 }, () => {
    const wanted = Object.entries(JSON.parse(execFileSync(python, ['-c', program], { encoding: 'utf8', maxBuffer: 1 << 28 })) as Record<string, readonly number[]>)
    expect(wanted.length).toBeGreaterThan(50)
    const language = languageOf('a.py', '')
    if (language === undefined || typeof language === 'string') throw new Error('Python is in the table of languages')
    for (const [path, lines] of wanted) {
      const text = readFileSync(path, 'utf8').replaceAll('\f', ' ')
      expect(scanComments(text, language).map(({ start }) => text.slice(0, start).split('\n').length), path).toEqual(lines)
    }
  })
})
