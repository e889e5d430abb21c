import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { documentDigest, optOutUid, repositoryIdOf } from '@exeat/core'
import { impactDigest } from '@exeat/core/impact'
import { readGovernance } from '../src/index.ts'
import type { Governance } from '../src/index.ts'
import { codesOf, commandIn, governanceFiles, optOut, policy, problemsOf, repositories, sha256, workspace } from './support.ts'

const { repository, clone, folder } = repositories()
const at = (dir: string, ref = 'main'): Promise<Governance> => readGovernance({ dir, ref, sha256 })
const names = ({ optOuts }: Governance): string[] => optOuts.map(({ document }) => document.metadata.name)

describe('governance at a ref', () => {
  test('is read whole: origins, digests, uids, label', async () => {
    const { dir, git } = repository(governanceFiles)
    const governance = await at(dir)
    expect(governance).toMatchObject({
      cache: 'off', warnings: [], refused: [], aliases: [], tests: [],
      source: { kind: 'ref', ref: 'refs/heads/main', branch: 'main', commit: git('rev-parse', 'HEAD'), tree: git('rev-parse', 'HEAD:.exeat') },
      label: `protected ref \`refs/heads/main\` at ${git('rev-parse', 'HEAD').slice(0, 12)}`,
      workspace: { origin: { file: '.exeat/workspace.yaml', line: 1, column: 1 } },
    })
    const [standing] = governance.optOuts
    expect(standing?.origin).toEqual({ file: '.exeat/opt-outs/log4j.yaml', line: 1, column: 1 })
    expect(standing?.digest).toBe(standing === undefined ? '' : documentDigest(standing.document, sha256))
    expect(standing?.uid).toBe(optOutUid({ workspace: 'acme-1', repositoryId: '1002', name: 'log4j', digest: standing?.digest ?? '' }, sha256))
    expect(standing).not.toHaveProperty('impact')
    expect(governance.policies.map(({ document }) => document.metadata.name)).toEqual(['open'])
  })

  test('is what was committed, not what lies in the work tree or the index', async () => {
    const here = repository(governanceFiles)
    here.write('.exeat/opt-outs/new.yaml', optOut('new'))
    here.git('add', '--all')
    here.write('.exeat/opt-outs/log4j.yaml', 'rubbish: [')
    expect(names(await at(here.dir))).toEqual(['log4j'])
  })

  test('is not what the change brings (rule 5)', async () => {
    const upstream = repository(governanceFiles)
    const here = clone(upstream)
    here.git('checkout', '--quiet', '-b', 'feature')
    here.commit({ '.exeat/opt-outs/own.yaml': optOut('own'), '.exeat/policies/open.yaml': policy.replace('14d', '365d') })
    const governance = await readGovernance({ dir: here.dir, sha256 })
    expect(names(governance)).toEqual(['log4j'])
    expect(governance.source).toMatchObject({ ref: 'refs/remotes/origin/main' })
  })

  test('only counts where the workspace there names the branch', async () => {
    const here = repository(governanceFiles)
    here.git('branch', 'loose')
    const [problem] = await problemsOf(at(here.dir, 'loose'))
    expect(problem).toMatchObject({ code: 'REF_NOT_PROTECTED', message: expect.stringMatching(/`loose`.*`main`/), at: { file: '.exeat/workspace.yaml' }, hint: expect.stringContaining('`--ref main`') })
    here.git('update-ref', 'refs/remotes/up/loose', 'HEAD')
    expect((await problemsOf(at(here.dir, 'up/loose')))[0]?.hint).toContain('`--ref up/main`')
    const wordy = repository({ ...governanceFiles, '.exeat/workspace.yaml': workspace.replace('protectedRef: main', 'protectedRef: refs/heads/main') })
    expect(await at(wordy.dir)).toMatchObject({ source: { branch: 'main' } })
    const remote = repository({ ...governanceFiles, '.exeat/workspace.yaml': workspace.replace('protectedRef: main', 'protectedRef: origin/main') })
    expect(await codesOf(at(remote.dir))).toEqual(['REF_NOT_PROTECTED'])
  })

  test('of a commit id is for previews, and says so', async () => {
    const { dir, git } = repository(governanceFiles)
    const commit = git('rev-parse', 'HEAD')
    git('branch', '--move', 'main', 'other')
    const governance = await readGovernance({ dir, ref: commit, allowCommit: true, sha256 })
    expect(governance).toMatchObject({ source: { kind: 'commit', commit }, label: `commit ${commit.slice(0, 12)}, of no branch` })
  })

  test('is read in SHA-256 repositories, bare ones, from subfolders, and from JSON', async () => {
    const json = JSON.stringify({ apiVersion: 'exeat.dev/v1', kind: 'Aliases', metadata: { name: 'same' }, spec: { controls: [['trivy/CVE-2021-44228', 'grype/CVE-2021-44228']] } })
    const one = repository({ ...governanceFiles, 'a/b': '', '.exeat/aliases.json': json }, { objectFormat: 'sha256', name: 'Ünïcode und Raum' })
    for (const dir of [one.dir, join(one.dir, 'a'), clone(one, '--bare').dir]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const governance = await at(dir)
      expect([names(governance), governance.aliases.length]).toEqual([['log4j'], 1])
    }
  })

  test('has the same digests with CRLF as with LF', async () => {
    const crlf = Object.fromEntries(Object.entries(governanceFiles).map(([path, text]) => [path, text.replaceAll('\n', '\r\n')]))
    const [one, two] = await Promise.all([at(repository(governanceFiles).dir), at(repository(crlf).dir)])
    expect(two.optOuts.map(({ uid }) => uid)).toEqual(one.optOuts.map(({ uid }) => uid))
  })

  test('takes ten thousand opt-outs', async () => {
    const pages = Array.from({ length: 20 }, (_, page) => [`.exeat/opt-outs/${page}.yaml`, Array.from({ length: 500 }, (_unused, index) => optOut(`o-${page}-${index}`)).join('---\n')])
    const { dir } = repository({ '.exeat/workspace.yaml': workspace, '.exeat/policies/open.yaml': policy, ...Object.fromEntries(pages) })
    const { optOuts } = await at(dir)
    expect(optOuts).toHaveLength(10_000)
    expect(new Set(optOuts.map(({ uid }) => uid)).size).toBe(10_000)
  })
})

describe('a wrong document', () => {
  const withFile = (path: string, text: string): ReturnType<typeof repository> => repository({ ...governanceFiles, [`.exeat/${path}`]: text })

  test('of kind OptOut is refused alone', async () => {
    const governance = await at(withFile('opt-outs/bad.yaml', `${optOut('bad').replace('category: waiver', 'category: whatever')}---\n${optOut('good')}`).dir)
    expect(names(governance)).toEqual(['good', 'log4j'])
    expect(governance.refused).toMatchObject([{ name: 'bad', origin: { file: '.exeat/opt-outs/bad.yaml' }, problems: [{ at: { file: '.exeat/opt-outs/bad.yaml' } }] }])
  })

  test('names of opt-outs that clash, and repositories that nobody listed, refuse those alone', async () => {
    const governance = await at(repository({
      ...governanceFiles, '.exeat/a.yaml': optOut('twin'), '.exeat/b.yaml': optOut('twin'), '.exeat/c.yaml': optOut('stray', '  targets: { repositories: [acme/other] }\n'),
    }).dir)
    expect(names(governance)).toEqual(['log4j'])
    expect(governance.refused.map(({ name, problems: [{ code }] }) => [name, code])).toEqual([['twin', 'NAME_REUSED'], ['twin', 'NAME_REUSED'], ['stray', 'OPTOUT_REPOSITORY_UNKNOWN']])
  })

  test.each([
    ['a policy', 'p.yaml', policy.replace('effect: permit', 'effect: perhaps')],
    ['a policy of an environment or key that is not known', 'p.yaml', policy.replace('approve: none', 'aprove: none')],
    ['an unreadable kind', 'p.yaml', optOut('x').replace('kind: OptOut', 'kind: OptOot')],
    ['no kind', 'p.yaml', 'a: 1\n'],
    ['a file that does not parse', 'p.yaml', 'a: [\n'],
    ['a file that is not text', 'p.yaml', '\0\u0001\u0002'],
    ['a second workspace', 'w2.yaml', workspace],
  ])('refuses the run: %s', async (_, path, text) => {
    const problems = await problemsOf(at(withFile(path, text).dir))
    expect(problems[0]?.at?.file).toMatch(/^\.exeat\/.*\.yaml$/)
  })

  test('tells all reasons at once, in order, and no follow-up of its own', async () => {
    const here = repository({ '.exeat/workspace.yaml': 'a: [\n', '.exeat/b.yaml': policy.replace('permit', 'x'), '.exeat/a.yaml': 'kind: 1\n' })
    const problems = await problemsOf(at(here.dir))
    expect(problems.map((problem) => problem.at?.file)).toEqual(problems.map((problem) => problem.at?.file).toSorted())
    expect(new Set(problems.map((problem) => problem.at?.file)).size).toBe(3)
    expect(problems.map(({ code }) => code)).not.toContain('WORKSPACE_MISSING')
  })

  test('no workspace: governance may be elsewhere', async () => {
    const [problem, ...others] = await problemsOf(at(repository({ '.exeat/opt-outs/a.yaml': optOut('a') }).dir))
    expect(problem).toMatchObject({ code: 'WORKSPACE_MISSING', hint: expect.stringContaining('another repository') })
    expect(others).toEqual([])
  })

  test('keys that pollute prototypes do no harm', async () => {
    const here = withFile('x.yaml', optOut('x').replace('spec:', '__proto__: { polluted: true }\nconstructor: { prototype: { polluted: true } }\nspec:'))
    expect((await at(here.dir)).refused).toHaveLength(1)
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })
})

describe('entries that are no plain files', () => {
  test('a symbolic link, inside or out of the tree, refuses the run', async () => {
    for (const target of ['../../etc/passwd', 'workspace.yaml', '/etc/passwd']) {
      const here = repository(governanceFiles)
      symlinkSync(target, join(here.dir, '.exeat/link.yaml'))
      here.commit()
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(await problemsOf(at(here.dir))).toMatchObject([{ code: 'GOVERNANCE_ENTRY_REFUSED', message: expect.stringContaining('symbolic link'), at: { file: '.exeat/link.yaml' } }])
    }
  })

  test('a submodule refuses the run', async () => {
    const here = repository(governanceFiles)
    here.git('update-index', '--add', '--cacheinfo', `160000,${here.git('rev-parse', 'HEAD')},.exeat/sub`)
    here.git('commit', '--quiet', '--message', 'sub')
    expect(await problemsOf(at(here.dir))).toMatchObject([{ code: 'GOVERNANCE_ENTRY_REFUSED', message: expect.stringContaining('submodule') }])
  })

  /** A commit whose `.exeat` holds what `git mktree` makes of the lines: names that no file system gives. */
  const forged = (lines: string): string => {
    const here = repository(governanceFiles)
    const blob = here.git('rev-parse', 'HEAD:.exeat/workspace.yaml')
    const inner = here.gitWith({ input: lines.replaceAll('BLOB', blob) }, 'mktree', '-z')
    const root = here.gitWith({ input: `040000 tree ${inner}\t.exeat\0` }, 'mktree', '-z')
    here.git('update-ref', 'refs/heads/main', here.git('commit-tree', root, '-m', 'forged'))
    return here.dir
  }

  test.each([
    ['..', '100644 blob BLOB\t..\0'], ['.git', '100644 blob BLOB\t.git\0'], ['.GIT', '100644 blob BLOB\t.GIT\0'],
    ['a line break', '100644 blob BLOB\ta\nb.yaml\0'], ['an escape', '100644 blob BLOB\t\u001b[31m.yaml\0'], ['a reversed name', '100644 blob BLOB\ta\u202Elmay.yaml\0'],
  ])('a forged name, %s, refuses the run', async (_, lines) => {
    const problems = await problemsOf(at(forged(lines)))
    expect(problems.map(({ code }) => code)).toEqual(['GOVERNANCE_NAME_REFUSED'])
    // What a terminal must not get.
    expect(problems.map(({ message, at: place }) => `${message}${place?.file}`).join('')).not.toMatch(/[\p{Cc}\u202e]/u)
  })

  test('a name that is not UTF-8 refuses the run', async () => {
    const here = repository(governanceFiles)
    const blob = here.git('rev-parse', 'HEAD:.exeat/workspace.yaml')
    const inner = here.gitWith({ input: Buffer.concat([Buffer.from(`100644 blob ${blob}\t`), Buffer.from([0xff, 0xfe]), Buffer.from('.yaml\0')]) }, 'mktree', '-z')
    const root = here.gitWith({ input: `040000 tree ${inner}\t.exeat\0` }, 'mktree', '-z')
    here.git('update-ref', 'refs/heads/main', here.git('commit-tree', root, '-m', 'forged'))
    expect(await codesOf(at(here.dir))).toEqual(['GOVERNANCE_NAME_REFUSED'])
  })

  test('files that nothing reads are told, but for those of people and of git', async () => {
    const here = repository({
      ...governanceFiles, '.exeat/README.md': '', '.exeat/CODEOWNERS': '', '.exeat/.gitkeep': '', '.exeat/policies/forbid.yaml.bak': '', '.exeat/forbid.yam': '', '.exeat/signatures/x.sshsig': '',
      '.exeat/more.YAML': optOut('upper'),
    })
    const governance = await at(here.dir)
    expect(governance.warnings.map(({ code, at: place }) => [code, place?.file])).toEqual([['FILE_IGNORED', '.exeat/forbid.yam'], ['FILE_IGNORED', '.exeat/policies/forbid.yaml.bak']])
    expect(names(governance)).toContain('upper')
  })
})

describe('too much', () => {
  test('more than 100,000 files', async () => {
    const here = repository(governanceFiles)
    const blob = here.git('rev-parse', 'HEAD:.exeat/workspace.yaml')
    const lines = Array.from({ length: 100_001 }, (_, index) => `100644 blob ${blob}\t${index}.txt\n`).join('')
    const root = here.gitWith({ input: `040000 tree ${here.gitWith({ input: lines }, 'mktree')}\t.exeat\n` }, 'mktree')
    here.git('update-ref', 'refs/heads/main', here.git('commit-tree', root, '-m', 'many'))
    expect(await problemsOf(at(here.dir))).toMatchObject([{ code: 'GOVERNANCE_TOO_LARGE', message: expect.stringContaining('100000 files') }])
  })

  test('more than 256 MiB, told before it is read', async () => {
    const here = repository(governanceFiles)
    const blob = here.gitWith({ input: Buffer.alloc(16 * 1024 * 1024, 35) }, 'hash-object', '-w', '--stdin')
    const lines = Array.from({ length: 17 }, (_, index) => `100644 blob ${blob}\t${index}.yaml\n`).join('')
    const root = here.gitWith({ input: `040000 tree ${here.gitWith({ input: lines }, 'mktree')}\t.exeat\n` }, 'mktree')
    here.git('update-ref', 'refs/heads/main', here.git('commit-tree', root, '-m', 'large'))
    expect(await codesOf(at(here.dir))).toEqual(['GOVERNANCE_TOO_LARGE'])
  })
})

describe('objects that are not there, or not what they say', () => {
  test('a clone with a filter: nothing is fetched, the command is named, and it helps', async () => {
    const upstream = repository(governanceFiles)
    upstream.git('config', 'uploadpack.allowFilter', 'true')
    const here = clone(upstream, '--filter=blob:none', '--no-checkout')
    const [problem] = await problemsOf(readGovernance({ dir: here.dir, sha256 }))
    expect(problem).toMatchObject({ code: 'REPOSITORY_DAMAGED', hint: expect.stringContaining('git fetch --refetch --no-filter origin') })
    expect(here.git('rev-list', '--objects', '--missing=print', 'HEAD')).toMatch(/^\?/m)
    execFileSync('sh', ['-c', commandIn(problem?.hint)], { cwd: here.dir, stdio: 'pipe' })
    expect(names(await readGovernance({ dir: here.dir, sha256 }))).toEqual(['log4j'])
  })

  test('an object whose content is not its id', async () => {
    const here = repository(governanceFiles)
    const path = (id: string): string => join(here.dir, '.git/objects', id.slice(0, 2), id.slice(2))
    const other = here.gitWith({ input: optOut('forged') }, 'hash-object', '-w', '--stdin')
    const original = here.git('rev-parse', 'HEAD:.exeat/opt-outs/log4j.yaml')
    execFileSync('cp', ['--force', path(other), path(original)])
    expect(await codesOf(at(here.dir))).toEqual(['REPOSITORY_DAMAGED'])
  })

  test('an object that is gone', async () => {
    const here = repository(governanceFiles)
    const id = here.git('rev-parse', 'HEAD:.exeat/opt-outs/log4j.yaml')
    rmSync(join(here.dir, '.git/objects', id.slice(0, 2), id.slice(2)))
    expect(await codesOf(at(here.dir))).toEqual(['REPOSITORY_DAMAGED'])
  })
})

describe('impacts', () => {
  const impactOf = (digest: string, ...fingerprints: string[]): [string, string] => {
    const impact = { schemaVersion: 1, kind: 'Impact', optOut: digest, fingerprints } as const
    return [`.exeat/impacts/${impactDigest(impact, sha256)}.json`, JSON.stringify(impact, null, 2)]
  }
  const [one, two] = ['1'.repeat(64), '2'.repeat(64)] as [string, string]
  const withImpacts = async (files: (digest: string) => readonly (readonly [string, string])[]): Promise<Governance> => {
    const here = repository(governanceFiles)
    const digest = (await at(here.dir)).optOuts[0]?.digest ?? ''
    here.commit(Object.fromEntries(files(digest)))
    return at(here.dir)
  }

  test('belong to the opt-out whose digest they name', async () => {
    const { optOuts, warnings } = await withImpacts((digest) => [impactOf(digest, one, two)])
    expect(optOuts[0]?.impact).toEqual(new Set([one, two]))
    expect(warnings).toEqual([])
  })

  test('edited after they were written, they excuse nothing', async () => {
    const { optOuts, warnings } = await withImpacts((digest) => {
      const [path, text] = impactOf(digest, one)
      return [[path, text.replace(one, two)]]
    })
    expect(optOuts[0]?.impact).toEqual(new Set())
    expect(warnings.map(({ code }) => code)).toEqual(['IMPACT_NAME'])
  })

  test('in a subfolder they have the wrong name', async () => {
    const { optOuts } = await withImpacts((digest) => [[impactOf(digest, one)[0].replace('impacts/', 'impacts/deep/'), impactOf(digest, one)[1]]])
    expect(optOuts[0]?.impact).toEqual(new Set())
  })

  test('two of one opt-out excuse nothing', async () => {
    const { optOuts, warnings } = await withImpacts((digest) => [impactOf(digest, one), impactOf(digest, two)])
    expect(optOuts[0]?.impact).toEqual(new Set())
    expect(warnings.map(({ code }) => code)).toEqual(['IMPACT_REPEATED', 'IMPACT_REPEATED'])
  })

  test('of another shape they excuse nothing; unreadable ones or those of nobody are told', async () => {
    const { optOuts, warnings } = await withImpacts((digest) => [
      ['.exeat/impacts/a.json', JSON.stringify({ schemaVersion: 1, kind: 'Impact', optOut: digest, fingerprints: [] })],
      ['.exeat/impacts/b.json', '{'], ['.exeat/impacts/c.txt', ''], ['.exeat/impacts/d.json', '{"optOut":1,"optOut":2}'], impactOf('f'.repeat(64), one),
    ])
    expect(optOuts[0]?.impact).toEqual(new Set())
    expect(warnings.map(({ code }) => code).toSorted()).toEqual(['FILE_IGNORED', 'IMPACT_INVALID', 'IMPACT_UNUSED', 'JSON_DUPLICATE_KEY', 'JSON_TRUNCATED'])
  })
})

describe('the work tree', () => {
  const read = (dir: string): Promise<Governance> => readGovernance({ dir, worktree: true, sha256 })

  test('gives what lies there, from any folder in it, and is labelled', async () => {
    const here = repository({ ...governanceFiles, 'src/x': '' })
    here.write('.exeat/opt-outs/new.yaml', optOut('new'))
    const governance = await read(join(here.dir, 'src'))
    expect(names(governance)).toEqual(['log4j', 'new'])
    expect(governance).toMatchObject({ source: { kind: 'worktree', root: here.dir }, cache: 'off', label: expect.stringContaining('work tree') })
  })

  test('equals the ref where nothing was changed', async () => {
    const { dir } = repository(governanceFiles)
    const [tree, ref] = [await read(dir), await at(dir)]
    expect({ ...tree, source: 0, label: 0 }).toEqual({ ...ref, source: 0, label: 0 })
  })

  test('needs no commit, and no repository', async () => {
    const here = repository()
    here.write('.exeat/workspace.yaml', workspace)
    expect(await read(here.dir)).toMatchObject({ optOuts: [] })
    const plain = folder()
    mkdirSync(join(plain, '.exeat'))
    writeFileSync(join(plain, '.exeat/workspace.yaml'), workspace)
    expect(await read(plain)).toMatchObject({ source: { root: plain } })
  })

  test('follows no link, reads no pipe, enters no other repository', async () => {
    const outside = folder()
    writeFileSync(join(outside, 'evil.yaml'), optOut('evil'))
    const cases: [string, (dir: string) => void][] = [
      ['.exeat/link.yaml', (dir) => { symlinkSync(join(outside, 'evil.yaml'), join(dir, '.exeat/link.yaml')) }],
      ['.exeat/linked', (dir) => { symlinkSync(outside, join(dir, '.exeat/linked')) }],
      ['.exeat/pipe.yaml', (dir) => { execFileSync('mkfifo', [join(dir, '.exeat/pipe.yaml')]) }],
      ['.exeat/sub', (dir) => { execFileSync('git', ['init', '--quiet', join(dir, '.exeat/sub')]) }],
    ]
    for (const [file, plant] of cases) {
      const { dir } = repository(governanceFiles)
      plant(dir)
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(await problemsOf(read(dir))).toMatchObject([{ code: 'GOVERNANCE_ENTRY_REFUSED', at: { file } }])
    }
  })

  test('whose .exeat is a link or a file, or missing', async () => {
    const { dir } = repository(governanceFiles)
    rmSync(join(dir, '.exeat'), { recursive: true })
    expect(await codesOf(read(dir))).toEqual(['GOVERNANCE_MISSING'])
    symlinkSync(folder(), join(dir, '.exeat'))
    expect(await codesOf(read(dir))).toEqual(['GOVERNANCE_ENTRY_REFUSED'])
  })

  test('is not there in a bare repository, nor where there is no folder', async () => {
    expect(await codesOf(read(clone(repository(governanceFiles), '--bare').dir))).toEqual(['WORKTREE_MISSING'])
    expect(await codesOf(read(join(folder(), 'gone')))).toEqual(['REPOSITORY_MISSING'])
  })

  test('whose files cannot be reached is told', async () => {
    const { dir } = repository(governanceFiles)
    // A path longer than the system takes fails for everybody, the superuser included.
    execFileSync('sh', ['-c', 'for i in $(seq 20); do mkdir "$0" && cd "$0"; done; touch x.yaml', 'd'.repeat(250)], { cwd: join(dir, '.exeat'), stdio: 'ignore' })
    try {
      expect(await codesOf(read(dir))).toEqual(['WORKTREE_UNREADABLE'])
    } finally {
      execFileSync('rm', ['-rf', join(dir, '.exeat')])
    }
  })

  test.skipIf(process.getuid?.() === 0)('whose files may not be read is told', async () => {
    for (const [path, mode] of [['.exeat/secret.yaml', 0o000], ['.exeat/policies', 0o000], ['.exeat/policies', 0o444], ['.exeat', 0o000]] as const) {
      const { dir, write } = repository(governanceFiles)
      write('.exeat/secret.yaml', '')
      chmodSync(join(dir, path), mode)
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(await codesOf(read(dir))).toEqual(['WORKTREE_UNREADABLE'])
      chmodSync(join(dir, path), 0o755)
    }
  })
})

test('the id in a uid is that of the repository an opt-out is for', async () => {
  const here = repository({
    ...governanceFiles, '.exeat/two.yaml': optOut('two', '  targets: { repositories: [acme/payments, acme/governance] }\n'), '.exeat/any.yaml': optOut('any', ''),
  })
  const { optOuts, workspace: { document } } = await at(here.dir)
  expect(optOuts.map((each) => [each.document.metadata.name, repositoryIdOf(each.document, document)])).toEqual([['any', '[]'], ['log4j', '1002'], ['two', '["1001","1002"]']])
})
