/** What Exeat writes, judged by the validator of those who made SARIF. */
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, expect, test } from 'vitest'
import { describeWith } from '../../../testkit/src/tools.ts'
import { bytesSource, readSarif, toSarif } from '../../src/index.ts'
import { excusedBy } from './excused-by.ts'
import { spliced, vector, vectorNames } from './support.ts'

interface Message { text?: string; id?: string; arguments?: string[] }
interface Validation {
  runs: {
    results?: { ruleId: string; level?: string; message: Message }[]
    invocations?: { toolExecutionNotifications?: { level?: string; message: Message }[] }[]
  }[]
}

/**
 * Errors in one file: rule and what it names, not the lines, which an addition moves. Read from its log, as the exit code says nothing;
 * a process for each file, as of several it reports those of the first few alone (5.7.0).
 */
async function validate(tool: string, file: string): Promise<string[]> {
  const output = `${file}.log`
  await promisify(execFile)(tool, ['validate', file, '--output', output, '--log', 'ForceOverwrite', '--level', 'Error', '--kind', 'Fail'], { maxBuffer: 1 << 28 })
  const log = JSON.parse(readFileSync(output, 'utf8')) as Validation
  return log.runs.flatMap((run) => [
    ...(run.results ?? []).filter(({ level }) => level === 'error').map(({ ruleId, message }) => `${ruleId} ${JSON.stringify(message)}`),
    ...(run.invocations ?? []).flatMap((each) => each.toolExecutionNotifications ?? []).filter(({ level }) => level === 'error').map(({ message }) => JSON.stringify(message)),
  ]).toSorted()
}

const natives = ['appendix_k4.sarif', 'codeQL-output.sarif', 'bash-report.sarif', 'appendix_k3.sarif']

function nativeOf(name: string): string {
  const answer = readSarif(bytesSource(name, vector(name)))
  if (!answer.ok) throw new Error(name)
  return JSON.stringify(toSarif(answer.reports.map((report) => ({
    report,
    excused: new Map(report.findings.map((_, index) => [index, excusedBy] as const).filter(([index]) => index % 2 === 0)),
    fingerprints: new Map(report.findings.map((_, index) => [index, index.toString(16).padStart(64, '0')] as const)),
  }))))
}

describeWith('sarif-multitool', 'sarif-multitool finds no error in the output that the input lacks', (tool) => {
  const errors = new Map<string, readonly string[]>()

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'exeat-sarif-'))
    const files: [string, string | Uint8Array][] = [
      ...vectorNames.flatMap((name): [string, Uint8Array][] => [[`before-${name}`, vector(name)], [`after-${name}`, spliced(vector(name), () => true).output]]),
      ...natives.map((name): [string, string] => [`native-${name}`, nativeOf(name)]),
      // Wrong in a suppression: a validator that overlooks it would overlook ours.
      ['planted.sarif', JSON.stringify({ version: '2.1.0', runs: [{ tool: { driver: { name: 'x' } }, results: [{ message: { text: 'm' }, suppressions: [{ status: 'accepted' }] }] }] })],
    ]
    const work = async (): Promise<void> => {
      for (let next = files.shift(); next !== undefined; next = files.shift()) {
        const [name, content] = next
        writeFileSync(join(folder, name), content)
        errors.set(name, await validate(tool, join(folder, name)))
      }
    }
    await Promise.all([work(), work()])
    rmSync(folder, { recursive: true })
  })

  test('it does find errors', () => {
    expect(errors.get('planted.sarif')).toEqual([expect.stringContaining('suppressions[0]')])
    expect([...errors].filter(([name, found]) => name.startsWith('before-') && found.length > 0).length).toBeGreaterThanOrEqual(5)
  })

  test.each(vectorNames)('%s', (name) => {
    expect(errors.get(`before-${name}`)).toBeDefined()
    expect(errors.get(`after-${name}`)).toEqual(errors.get(`before-${name}`))
  })

  test.each(natives)('written anew from the findings of %s: none at all', (name) => {
    expect(errors.get(`native-${name}`)).toEqual([])
  })
})
