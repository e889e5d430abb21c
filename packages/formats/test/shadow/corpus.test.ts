/** The labelled corpus: precision and recall by tool, each error known and listed (`vectors/shadow/README.md`). */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { findSuppressions, mayHoldSuppressions } from '../../src/shadow/index.ts'

const folder = fileURLToPath(new URL('../../../../vectors/shadow/', import.meta.url))

interface Sample {
  readonly path: string
  readonly text: string
  /** `path:line tool/rule` of every suppression. */
  readonly wanted: readonly string[]
  readonly labelled: number
  readonly negatives: number
}

function samplesOf(name: string): readonly Sample[] {
  return readFileSync(`${folder}${name}`, 'utf8').split(/^=== /m).slice(1).map((part) => {
    const [path = '', ...lines] = part.replace(/\n$/, '').split('\n')
    const rows = lines.map((line) => {
      const at = line.indexOf(' | ')
      if (at < 0) throw new Error(`${name}: \`${line}\` has no label`)
      return { label: line.slice(0, at).trim(), text: line.slice(at + 3) }
    })
    const wanted = rows.flatMap(({ label }, index) => (label === '' || label === '-' ? [] : label.split(' ').map((control) => `${path}:${index + 1} ${control.replaceAll('…', ' ')}`)))
    return { path, text: `${rows.map(({ text }) => text).join('\n')}\n`, wanted, labelled: rows.filter(({ label }) => label !== '').length, negatives: rows.filter(({ label }) => label === '-').length }
  })
}

const samples = readdirSync(folder).filter((name) => name.endsWith('.txt') && name !== 'errors.txt').flatMap(samplesOf)
const known = readFileSync(`${folder}errors.txt`, 'utf8').split('\n').filter((line) => /^(?:missed|invented) /.test(line)).map((line) => line.split('  #')[0] ?? '')
const toolOf = (place: string): string => /:\d+ ([^/]+)\//.exec(place)?.[1] ?? ''

/** Least precision and recall of each tool and of all: what the corpus shows today, rounded down. */
const floor = { precision: 0.95, recall: 0.95 }

const foundIn = ({ path, text }: Sample): readonly string[] => findSuppressions(path, text).map(({ tool, rule, line }) => `${path}:${line} ${tool}/${rule}`)

describe('the corpus', () => {
  const results = samples.map((sample) => ({ sample, found: foundIn(sample) }))
  const errors = results.flatMap(({ sample, found }) => [
    ...sample.wanted.filter((place) => !found.includes(place)).map((place) => `missed ${place}`),
    ...found.filter((place) => !sample.wanted.includes(place)).map((place) => `invented ${place}`),
  ])

  test('holds at least 300 labelled lines, a third of them hard negatives', () => {
    const labelled = samples.reduce((sum, each) => sum + each.labelled, 0)
    expect(labelled).toBeGreaterThanOrEqual(300)
    expect(samples.reduce((sum, each) => sum + each.negatives, 0)).toBeGreaterThan(labelled / 3)
  })

  test('every error is listed, and every listed one is still made', () => {
    expect(errors.toSorted()).toEqual(known.toSorted())
  })

  test('precision and recall of each tool, and of all, are at the floor or above', () => {
    const wanted = samples.flatMap((each) => each.wanted)
    const found = results.flatMap((each) => each.found)
    const rows = ['all', ...new Set([...wanted, ...found].map(toolOf))].map((tool) => {
      const ofTool = (places: readonly string[]): readonly string[] => places.filter((place) => tool === 'all' || toolOf(place) === tool)
      const [want, have] = [ofTool(wanted), ofTool(found)]
      const right = have.filter((place) => want.includes(place)).length
      return { tool, labelled: want.length, found: have.length, precision: have.length === 0 ? 1 : right / have.length, recall: want.length === 0 ? 1 : right / want.length }
    })
    process.stdout.write(`${rows.map(({ tool, labelled, found: count, precision, recall }) => `${tool.padEnd(18)} labelled ${String(labelled).padStart(3)}, found ${String(count).padStart(3)}, precision ${precision.toFixed(3)}, recall ${recall.toFixed(3)}`).join('\n')}\n`)
    const [all] = rows
    expect(all?.precision).toBeGreaterThanOrEqual(floor.precision)
    expect(all?.recall).toBeGreaterThanOrEqual(floor.recall)
  })

  test('what the bytes are asked first never hides a suppression, and no line of it is found twice', () => {
    for (const { sample, found } of results) {
      if (found.length > 0) expect(mayHoldSuppressions(sample.path, Buffer.from(sample.text).toString('latin1')), sample.path).toBe(true)
      const again = findSuppressions(sample.path, sample.text).map(({ tool, rule, line, mark }) => `${line} ${tool} ${rule} ${mark}`)
      expect(new Set(again).size, sample.path).toBe(again.length)
    }
  })
})
