import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { gitCodes } from '../src/index.ts'
import { gitEnvironment, runGit } from '../src/run.ts'
import { codesOf, repositories } from './support.ts'

const { folder } = repositories()

const here = new URL('.', import.meta.url)
const text = (folder: URL): string => readdirSync(folder).filter((name) => name.endsWith('.ts')).map((name) => readFileSync(new URL(name, folder), 'utf8')).join('\n')

describe('every code', () => {
  const tests = text(here)
  const sources = text(new URL('../src/', here)).split('\n').filter((line) => !/^ {2}[A-Z_]+: /.test(line)).join('\n')
  test.each(Object.entries(gitCodes))('%s is used, provoked by a test, and says what it is', (code, { summary }) => {
    expect([sources.includes(`'${code}'`), tests.includes(`'${code}'`)]).toEqual([true, true])
    expect(summary).toMatch(/^.*\.$/)
  })
})

test('a git that hangs is given up, and one that talks without end too', async () => {
  const bin = folder()
  const path = process.env['PATH']
  process.env['PATH'] = `${bin}:${path}`
  try {
    writeFileSync(join(bin, 'git'), '#!/bin/sh\nexec sleep 600\n', { mode: 0o755 })
    expect(await codesOf(runGit(bin, ['status'], { patience: 200 }))).toEqual(['GIT_TIMEOUT'])
    writeFileSync(join(bin, 'git'), '#!/bin/sh\nexec yes\n', { mode: 0o755 })
    expect(await codesOf(runGit(bin, ['status']))).toEqual(['GIT_FAILED'])
  } finally {
    process.env['PATH'] = path
  }
})

describe('the environment of git', () => {
  test('keeps what finds git and its configuration, and drops what would redirect it', () => {
    const { PATH, GIT_CONFIG_COUNT, ...rest } = gitEnvironment({
      PATH: '/usr/bin:relative::.:/bin', HOME: '/home/a', GIT_DIR: '/evil', GIT_INDEX_FILE: '/evil', GIT_EXTERNAL_DIFF: 'evil', GIT_SSH_COMMAND: 'evil', Git_Trace: '1', GIT_CONFIG_PARAMETERS: 'x',
      GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'safe.directory', GIT_CONFIG_VALUE_0: '/x', LC_ALL: 'de_DE.UTF-8',
    }, [['filter.x.clean', '']])
    expect(PATH).toBe('/usr/bin:/bin')
    expect(rest).toMatchObject({ HOME: '/home/a', LC_ALL: 'C', GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_KEY_0: 'safe.directory', GIT_NO_REPLACE_OBJECTS: '1', GIT_OPTIONAL_LOCKS: '0' })
    for (const name of ['GIT_DIR', 'GIT_INDEX_FILE', 'GIT_EXTERNAL_DIFF', 'GIT_SSH_COMMAND', 'Git_Trace', 'GIT_CONFIG_PARAMETERS']) expect(rest).not.toHaveProperty(name)
    const last = Number(GIT_CONFIG_COUNT) - 1
    expect([rest[`GIT_CONFIG_KEY_${last}`], rest[`GIT_CONFIG_VALUE_${last}`]]).toEqual(['filter.x.clean', ''])
    expect(Object.entries(rest)).toContainEqual([expect.stringMatching(/^GIT_CONFIG_KEY_\d+$/), 'core.fsmonitor'])
  })
})
