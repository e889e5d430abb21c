/** The baseline that is written for Checkov, read by Checkov itself. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Finding } from '@exeat/core'
import { bytesSource, readReports } from '@exeat/formats'
import { compileNative, type NativeAnswer, nativeForms } from '@exeat/formats/native'
import { describeWith } from '@exeat/testkit'
import { day, excuse, native, now } from '../../formats/test/native/world.ts'

const bucket = (name: string): string => `resource "aws_s3_bucket" "${name}" {\n  bucket = "acme-${name}"\n}\n`
const checks = 'CKV_AWS_18,CKV_AWS_21'

describeWith('checkov', 'a round trip through Checkov', (checkov) => {
  let folder: string
  beforeAll(() => { folder = mkdtempSync(join(tmpdir(), 'exeat-checkov-')) })
  afterAll(() => { rmSync(folder, { recursive: true }) })

  const write = (path: string, content: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), content)
  }
  const scan = (...args: readonly string[]): readonly Finding[] => {
    const { stdout, stderr } = spawnSync(checkov, ['-d', '.', '--framework', 'terraform', '--check', checks, '--skip-download', '-o', 'json', ...args], { cwd: folder, encoding: 'utf8' })
    const answer = readReports(bytesSource('checkov.json', new TextEncoder().encode(stdout)))
    if (!answer.ok) throw new Error(`Checkov wrote no report: ${stderr}`)
    return answer.reports.flatMap(({ findings }) => findings)
  }
  const told = (findings: readonly Finding[]): readonly string[] => findings.map(({ rule, path, resource }) => `${rule} ${path} ${resource}`).toSorted()
  const compile = (findings: readonly Finding[], isExcused: (finding: Finding) => boolean): NativeAnswer => {
    const form = nativeForms.find(({ name }) => name === 'checkov')
    if (form === undefined) throw new Error('no form')
    const answer = compileNative(form, { findings: findings.map((finding) => native(finding, isExcused(finding) ? excuse({ maxLag: day }) : undefined)), now })
    for (const { path, content } of answer.files) write(path, content)
    return answer
  }

  test('exactly the excused check of the excused resource is gone; a resource of that name in another file is refused', () => {
    write('infra/main.tf', `${bucket('a')}${bucket('b')}`)
    const before = scan()
    expect(told(before)).toEqual(['CKV_AWS_18', 'CKV_AWS_21'].flatMap((rule) => ['a', 'b'].map((name) => `${rule} infra/main.tf aws_s3_bucket.${name}`)))
    const isExcused = ({ rule, path, resource }: Finding): boolean => rule === 'CKV_AWS_18' && path === 'infra/main.tf' && resource === 'aws_s3_bucket.a'
    expect(compile(before, isExcused)).toMatchObject({ entries: [{}], problems: [] })
    expect(told(scan('--baseline', '.checkov.baseline'))).toEqual(told(before.filter((each) => !isExcused(each))))

    write('other/main.tf', bucket('a'))
    // Why it is refused: Checkov reads no file out of its baseline.
    expect(told(scan('--baseline', '.checkov.baseline'))).not.toContain('CKV_AWS_18 other/main.tf aws_s3_bucket.a')
    const twins = scan()
    expect(compile(twins, isExcused)).toMatchObject({ entries: [], problems: [{ code: 'NATIVE_INEXPRESSIBLE' }] })
    expect(told(scan('--baseline', '.checkov.baseline'))).toEqual(told(twins))
  }, 120_000)
})
