import { existsSync, readFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { findTool, temporaryRepository, type TemporaryRepository } from '@exeat/testkit'
import { sarif } from './base.ts'
import { builtCommand } from './built.ts'
import { runExeat } from './session.ts'

const main = builtCommand()

function inRepository(act: (repository: TemporaryRepository) => void, files: Readonly<Record<string, string>> = { 'README.md': 'x\n' }): void {
  const repository = temporaryRepository(files)
  try {
    repository.git('remote', 'add', 'origin', 'git@github.com:acme/payments.git')
    act(repository)
  } finally {
    repository.remove()
  }
}

describe('exeat init', () => {
  test('what it writes lints, tests and gates', () => {
    inRepository((repository) => {
      const wrote = runExeat(main, ['init'], repository.dir)
      expect(wrote).toMatchObject({ exit: 0, stderr: '' })
      for (const [, path = ''] of wrote.stdout.matchAll(/^ {2}([.\w/-]+)$/gm)) expect(existsSync(join(repository.dir, path)), path).toBe(true)
      expect(runExeat(main, ['lint'], repository.dir)).toMatchObject({ exit: 0, stdout: expect.stringContaining('sound, 0 warnings') as string })
      expect(runExeat(main, ['lint'], repository.dir, { CI: 'true' }).exit).toBe(0)
      expect(runExeat(main, ['test'], repository.dir)).toMatchObject({ exit: 0, stdout: expect.stringContaining('1 of 1 policy touched') as string })
      repository.write('report.sarif', sarif([{ rule: 'CVE-1', path: 'x' }]))
      expect(runExeat(main, ['gate', 'report.sarif', '--env', 'development', '--worktree'], repository.dir).exit).toBe(2)
      expect(readFileSync(join(repository.dir, '.exeat/workspace.yaml'), 'utf8')).toContain('id: acme/payments ')
    })
  })

  test('its commented examples are sound once they are uncommented', () => {
    inRepository((repository) => {
      runExeat(main, ['init'], repository.dir)
      const path = '.exeat/opt-outs/example.yaml'
      const text = readFileSync(join(repository.dir, path), 'utf8')
      repository.write(path, text.split('\n').slice(2).map((line) => line.replace(/^# ?/, '')).join('\n').replaceAll('2026-11-2', '2034-11-2'))
      expect(runExeat(main, ['lint'], repository.dir).stdout).toMatch(/^warning\[LINT_NOT_YET\][\s\S]*sound, 1 warning in 1 policy, 1 opt-out/)
    })
  })

  test('never overwrites: names every file in the way, and writes none', () => {
    inRepository((repository) => {
      repository.write('.exeat/workspace.yaml', 'mine\n')
      repository.write('.github/workflows/exeat.yml', 'mine\n')
      const ran = runExeat(main, ['init'], repository.dir)
      expect(ran.exit).toBe(3)
      expect(ran.stderr.match(/error\[FILE_EXISTS\]/g)).toHaveLength(2)
      expect(readFileSync(join(repository.dir, '.exeat/workspace.yaml'), 'utf8')).toBe('mine\n')
      expect(existsSync(join(repository.dir, '.exeat/policies'))).toBe(false)
    })
  })

  test('keeps code owners that stand, and says which lines to add', () => {
    inRepository((repository) => {
      const ran = runExeat(main, ['init'], repository.dir)
      expect(ran.stdout).toContain('Add to CODEOWNERS:')
      expect(ran.stdout).toContain('/.exeat/')
      expect(readFileSync(join(repository.dir, 'CODEOWNERS'), 'utf8')).toBe('* @all\n')
    }, { CODEOWNERS: '* @all\n' })
  })

  test('a dry run writes nothing', () => {
    inRepository((repository) => {
      const ran = runExeat(main, ['init', '--dry-run'], repository.dir)
      expect(ran.stdout).toContain('kind: OptOutPolicy')
      expect(repository.git('status', '--porcelain')).toBe('')
    })
  })

  test.for(['a b', "x'; rm -rf /", '../up: [x', ''])('refuses the name %j, which templates would have to quote', (name) => {
    inRepository((repository) => { expect(runExeat(main, ['init', '--repo', name], repository.dir).exit).toBe(64) })
  })
})

describe('completion', () => {
  test.for(['bash', 'zsh', 'fish'])('%s: the script is one that the shell takes', (shell) => {
    inRepository((repository) => {
      const ran = runExeat(main, ['completion', shell], repository.dir)
      expect(ran).toMatchObject({ exit: 0, stdout: expect.stringContaining('exeat') as string })
      if (findTool(shell) !== undefined) execFileSync(shell, ['-n'], { input: ran.stdout })
    })
  })

  test('completes commands and options, and knows no other shell', () => {
    inRepository((repository) => {
      expect(runExeat(main, ['complete', '--', 'ga'], repository.dir).stdout).toContain('gate\t')
      expect(runExeat(main, ['complete', '--', 'gate', '--severity'], repository.dir).stdout).toContain('--severity-threshold')
      expect(runExeat(main, ['completion', 'tcsh'], repository.dir)).toMatchObject({ exit: 64, stderr: expect.stringContaining('error[USAGE]') as string })
    })
  })
})

describe('help', () => {
  test.for(['init', 'gate', 'explain', 'list', 'lint', 'test', 'impact', 'serve'])('%s: fits 80 columns and has examples', (name) => {
    inRepository((repository) => {
      const { stdout, exit } = runExeat(main, ['help', name], repository.dir, { COLUMNS: '80' })
      expect(exit).toBe(0)
      expect(stdout).toContain('Examples:')
      expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([])
    })
  })
})
