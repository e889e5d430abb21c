import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { resolveProtectedRef } from '../src/index.ts'
import { branchOf, wantedRef } from '../src/ref-name.ts'
import { codesOf, commandIn, problemsOf, repositories } from './support.ts'

const { repository, clone, folder } = repositories()
const files = { '.exeat/workspace.yaml': 'a: 1\n' }

describe('the branch that governs', () => {
  test('is what origin/HEAD points at, at its own commit and tree', async () => {
    const upstream = repository(files)
    const { dir, git } = clone(upstream)
    expect(await resolveProtectedRef(dir)).toEqual({
      kind: 'ref', ref: 'refs/remotes/origin/main', branch: 'main', commit: upstream.git('rev-parse', 'HEAD'), tree: git('rev-parse', 'HEAD:.exeat'),
    })
  })

  test('stays the upstream one, whatever is checked out or committed here', async () => {
    const upstream = repository(files)
    const here = clone(upstream)
    here.git('checkout', '--quiet', '-b', 'feature')
    here.commit({ '.exeat/workspace.yaml': 'a: 2\n' })
    expect((await resolveProtectedRef(here.dir)).commit).toBe(upstream.git('rev-parse', 'HEAD'))
  })

  test.each([
    ['main', 'refs/heads/main'], ['refs/heads/main', 'refs/heads/main'],
    ['origin/main', 'refs/remotes/origin/main'], ['refs/remotes/origin/main', 'refs/remotes/origin/main'], ['origin/HEAD', 'refs/remotes/origin/main'],
  ])('is found as %s', async (given, ref) => {
    const { dir } = clone(repository(files))
    expect(await resolveProtectedRef(dir, { ref: given })).toMatchObject({ ref, branch: 'main' })
  })

  test('is found from a subdirectory, in a bare repository, in a linked work tree, in a folder with spaces and other scripts, with SHA-256 ids', async () => {
    const one = repository({ ...files, 'src/deep/x': '' }, { name: 'zwei Wörter 好' })
    const commit = one.git('rev-parse', 'HEAD')
    expect(await resolveProtectedRef(join(one.dir, 'src/deep'), { ref: 'main' })).toMatchObject({ commit })
    const linked = join(folder(), 'linked')
    one.git('worktree', 'add', '--quiet', '-b', 'side', linked)
    expect(await resolveProtectedRef(linked, { ref: 'main' })).toMatchObject({ commit })
    expect(await resolveProtectedRef(clone(one, '--bare').dir, { ref: 'main' })).toMatchObject({ commit })
    const long = repository(files, { objectFormat: 'sha256' })
    expect(await resolveProtectedRef(long.dir, { ref: 'main' })).toMatchObject({ commit: expect.stringMatching(/^[0-9a-f]{64}$/), tree: expect.stringMatching(/^[0-9a-f]{64}$/) })
  })

  test('follows a forced move after a fetch, and not before', async () => {
    const upstream = repository(files)
    const here = clone(upstream)
    const before = upstream.git('rev-parse', 'HEAD')
    upstream.git('checkout', '--quiet', '--orphan', 'other')
    const after = upstream.commit({ '.exeat/workspace.yaml': 'a: 3\n' })
    upstream.git('branch', '--force', 'main', 'other')
    expect((await resolveProtectedRef(here.dir)).commit).toBe(before)
    here.git('fetch', '--quiet', 'origin')
    expect((await resolveProtectedRef(here.dir)).commit).toBe(after)
  })

  test('is packed or loose', async () => {
    const { dir, git } = clone(repository(files))
    git('pack-refs', '--all')
    git('gc', '--quiet')
    expect(await resolveProtectedRef(dir, { ref: 'origin/main' })).toMatchObject({ branch: 'main' })
  })
})

describe('a name that could be another one', () => {
  test('a tag of the same name is never taken for the branch', async () => {
    const here = repository(files)
    const good = here.git('rev-parse', 'HEAD')
    here.git('checkout', '--quiet', '-b', 'evil')
    here.commit({ '.exeat/workspace.yaml': 'evil: 1\n' })
    for (const tag of ['main', 'refs/heads/main', 'heads/main']) here.git('tag', tag, 'evil')
    expect((await resolveProtectedRef(here.dir, { ref: 'main' })).commit).toBe(good)
    expect((await resolveProtectedRef(here.dir, { ref: 'refs/heads/main' })).commit).toBe(good)
    here.git('update-ref', '-d', 'refs/heads/main')
    expect(await codesOf(resolveProtectedRef(here.dir, { ref: 'main' }))).toEqual(['REF_NOT_A_BRANCH'])
    expect(await codesOf(resolveProtectedRef(here.dir, { ref: 'refs/heads/main' }))).toEqual(['REF_NOT_A_BRANCH'])
  })

  test('a local branch named like a remote one is ambiguous', async () => {
    const { dir, git } = clone(repository(files))
    git('branch', 'origin/main')
    const [problem] = await problemsOf(resolveProtectedRef(dir, { ref: 'origin/main' }))
    expect(problem).toMatchObject({ code: 'REF_AMBIGUOUS', hint: expect.stringContaining('`refs/heads/origin/main`') })
    expect(await resolveProtectedRef(dir, { ref: 'refs/remotes/origin/main' })).toMatchObject({ ref: 'refs/remotes/origin/main' })
  })

  test('a file of the work tree named like a ref is not one', async () => {
    const here = repository({ ...files, 'refs/heads/gone': 'x', gone: 'y' })
    expect(await codesOf(resolveProtectedRef(here.dir, { ref: 'gone' }))).toEqual(['REF_MISSING'])
  })

  test('a branch that is a symbolic ref counts as the branch behind it', async () => {
    const { dir, git } = repository(files)
    git('branch', 'other')
    git('symbolic-ref', 'refs/heads/alias', 'refs/heads/other')
    expect(await resolveProtectedRef(dir, { ref: 'alias' })).toMatchObject({ ref: 'refs/heads/other', branch: 'other' })
  })

  test('origin/HEAD that points out of its remote, or at no branch, is refused', async () => {
    const { dir, git } = clone(repository(files))
    git('symbolic-ref', 'refs/remotes/origin/HEAD', 'refs/heads/main')
    const [problem] = await problemsOf(resolveProtectedRef(dir))
    expect(problem).toMatchObject({ code: 'REF_NOT_A_BRANCH', hint: expect.stringContaining('git remote set-head origin -a') })
    git('symbolic-ref', '--delete', 'refs/remotes/origin/HEAD')
    git('update-ref', 'refs/remotes/origin/HEAD', 'HEAD')
    expect(await codesOf(resolveProtectedRef(dir))).toEqual(['REF_NOT_A_BRANCH'])
  })

  test('a replaced object is not read', async () => {
    const here = repository(files)
    const good = here.git('rev-parse', 'HEAD')
    const tree = here.git('rev-parse', 'HEAD:.exeat')
    const evil = here.commit({ '.exeat/workspace.yaml': 'evil: 1\n' })
    here.git('update-ref', 'refs/heads/main', good)
    here.git('replace', good, evil)
    expect(here.git('rev-parse', `${good}:.exeat`)).not.toBe(tree)
    expect(await resolveProtectedRef(here.dir, { ref: 'main' })).toMatchObject({ commit: good, tree })
  })
})

describe('what is no branch', () => {
  test('commit ids are for previews', async () => {
    const { dir, git } = repository(files)
    const commit = git('rev-parse', 'HEAD')
    expect(await codesOf(resolveProtectedRef(dir, { ref: commit }))).toEqual(['REF_NOT_A_BRANCH'])
    expect(await resolveProtectedRef(dir, { ref: commit, allowCommit: true })).toEqual({ kind: 'commit', commit, tree: git('rev-parse', 'HEAD:.exeat') })
    expect(await codesOf(resolveProtectedRef(dir, { ref: 'f'.repeat(40), allowCommit: true }))).toEqual(['REPOSITORY_DAMAGED'])
  })

  test.each(['HEAD', 'FETCH_HEAD', 'ORIG_HEAD', '@', 'refs/tags/v1', 'refs/stash', 'refs/heads/', 'refs/remotes/origin'])('%s', async (ref) => {
    const here = repository(files)
    here.git('tag', 'v1')
    const [code] = await codesOf(resolveProtectedRef(here.dir, { ref }))
    expect(['REF_NOT_A_BRANCH', 'REF_INVALID']).toContain(code)
  })

  test('a tag, and a remote ref that holds a blob', async () => {
    const { dir, git, gitWith } = repository(files)
    git('tag', '--annotate', '--message', 'x', 'v1')
    expect(await codesOf(resolveProtectedRef(dir, { ref: 'v1' }))).toEqual(['REF_NOT_A_BRANCH'])
    git('update-ref', 'refs/remotes/origin/blob', gitWith({ input: 'text' }, 'hash-object', '-w', '--stdin'))
    expect(await codesOf(resolveProtectedRef(dir, { ref: 'origin/blob' }))).toEqual(['REF_NOT_A_BRANCH'])
    git('update-ref', 'refs/remotes/origin/tag', 'refs/tags/v1')
    expect(await codesOf(resolveProtectedRef(dir, { ref: 'origin/tag' }))).toEqual(['REF_NOT_A_BRANCH'])
  })
})

describe('hostile names', () => {
  const hostile = [
    '', '-', '--help', '--upload-pack=touch /tmp/x', '-c core.pager=x', 'main branch', 'main\n', 'a\0b', '$(id)', '`id`', '; id', 'main^{tree}', 'main~1',
    'main:.exeat', '../../etc/passwd', 'a..b', '.hidden', 'a/.hidden', 'x.lock', 'x.lock/y', 'a//b', '/a', 'a/', 'a.', '@{-1}', 'main@{1}', '*', 'ma?n', '[a]',
    'ma\u202Ein', 'ma\u200bin', 'ma\u2004in', 'ma\u00a0in', 'a\\b', 'x'.repeat(5000),
  ]
  test.each(hostile.map((ref) => [ref]))('%j never resolves, and its message is one line', async (ref) => {
    const here = repository(files)
    const [problem] = await problemsOf(resolveProtectedRef(here.dir, { ref }))
    expect(['REF_INVALID', 'REF_MISSING']).toContain(problem?.code)
    expect(`${problem?.message}${problem?.hint}`).not.toMatch(/[\p{Cc}\u200b\u202E]/u)
    expect(problem?.message.length).toBeLessThan(400)
  })

  test('any text at all gives candidates under refs/ or a refusal', () => {
    fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[-./a-z@{}~^ ]{0,12}$/)), (text) => {
      const wanted = wantedRef(text)
      if (wanted.kind === 'branch') {
        for (const name of wanted.candidates) {
          expect(name).toMatch(/^refs\/(heads|remotes)\//)
          expect(name).not.toMatch(/[\s~^:?*[\\\p{Cc}]|\.\./u)
        }
      }
    }), { numRuns: 2000 })
  })

  test('what is taken as a name is a name for git too', () => {
    fc.assert(fc.property(fc.stringMatching(/^[-./a-z@{}~^ *]{1,8}$/), (text) => {
      const wanted = wantedRef(text)
      if (wanted.kind !== 'branch') return
      expect(() => execFileSync('git', ['check-ref-format', `refs/heads/${text}`])).not.toThrow()
    }), { numRuns: 100 })
  })

  test('a branch with a quote or a space-like name is quoted in the command', async () => {
    const here = clone(repository(files))
    const [problem] = await problemsOf(resolveProtectedRef(here.dir, { ref: "origin/it's;id" }))
    expect(commandIn(problem?.hint)).toBe(String.raw`git fetch origin '+refs/heads/it'\''s;id:refs/remotes/origin/it'\''s;id'`)
  })
})

describe('a clone that lacks it says what to run, and that helps', () => {
  /** Runs the command of the hint through a shell, as a person would. */
  const follow = (dir: string, hint: string | undefined): void => {
    execFileSync('sh', ['-c', commandIn(hint)], { cwd: dir, stdio: 'pipe' })
  }

  test('no origin/HEAD', async () => {
    const { dir, git } = clone(repository(files))
    git('remote', 'set-head', 'origin', '--delete')
    const [problem] = await problemsOf(resolveProtectedRef(dir))
    expect(problem).toMatchObject({ code: 'REF_MISSING', message: expect.stringContaining('refs/remotes/origin/HEAD') })
    expect(commandIn(problem?.hint)).toBe('git remote set-head origin -a')
    follow(dir, problem?.hint)
    expect(await resolveProtectedRef(dir)).toMatchObject({ branch: 'main' })
  })

  test('a remote that was never fetched', async () => {
    const upstream = repository(files)
    const { dir, git } = repository({ x: '' })
    git('remote', 'add', 'origin', `file://${upstream.dir}`)
    const [problem] = await problemsOf(resolveProtectedRef(dir))
    follow(dir, problem?.hint)
    expect(await resolveProtectedRef(dir)).toMatchObject({ branch: 'main' })
  })

  test('a shallow clone of another branch', async () => {
    const upstream = repository(files)
    upstream.git('checkout', '--quiet', '-b', 'feature')
    upstream.commit({ x: '' })
    const { dir } = clone(upstream, '--depth=1', '--branch=feature', '--single-branch')
    const [problem] = await problemsOf(resolveProtectedRef(dir, { ref: 'origin/main' }))
    expect(problem).toMatchObject({ code: 'REF_MISSING', message: expect.stringContaining('shallow') })
    expect(commandIn(problem?.hint)).toBe('git fetch --depth=1 origin +refs/heads/main:refs/remotes/origin/main')
    follow(dir, problem?.hint)
    expect(await resolveProtectedRef(dir, { ref: 'origin/main' })).toMatchObject({ branch: 'main' })
  })

  test('a local name where only the remote branch is there, and where neither is', async () => {
    const { dir, git } = clone(repository(files))
    git('checkout', '--quiet', '--detach')
    git('branch', '--delete', '--force', 'main')
    expect((await problemsOf(resolveProtectedRef(dir, { ref: 'main' })))[0]?.hint).toContain('--ref origin/main')
    git('update-ref', '-d', 'refs/remotes/origin/main')
    const [problem] = await problemsOf(resolveProtectedRef(dir, { ref: 'main' }))
    follow(dir, problem?.hint)
    expect(await resolveProtectedRef(dir, { ref: 'origin/main' })).toMatchObject({ branch: 'main' })
  })

  test('no remote at all: the branch has to be named', async () => {
    const { dir } = repository(files, { branch: 'trunk' })
    const [problem] = await problemsOf(resolveProtectedRef(dir))
    expect(problem).toMatchObject({ code: 'REF_MISSING', hint: expect.stringContaining('`--ref trunk`') })
    expect(await resolveProtectedRef(dir, { ref: 'trunk' })).toMatchObject({ branch: 'trunk' })
    expect((await problemsOf(resolveProtectedRef(dir, { ref: 'main' })))[0]?.hint).toContain('`trunk`')
  })

  test('a branch without a commit', async () => {
    expect(await codesOf(resolveProtectedRef(repository().dir, { ref: 'main' }))).toEqual(['REF_UNBORN'])
    expect(await codesOf(resolveProtectedRef(repository().dir))).toEqual(['REF_MISSING'])
  })
})

describe('what keeps git from answering', () => {
  test('no repository, no folder, no git', async () => {
    expect(await codesOf(resolveProtectedRef(folder()))).toEqual(['REPOSITORY_MISSING'])
    expect(await codesOf(resolveProtectedRef(join(folder(), 'nowhere')))).toEqual(['REPOSITORY_MISSING'])
    for (const dir of ['a\0b', '--git-dir=/x', '-']) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(await codesOf(resolveProtectedRef(dir))).toEqual(['REPOSITORY_MISSING'])
    }
    const { dir } = repository(files)
    const path = process.env['PATH']
    process.env['PATH'] = folder()
    try {
      expect(await codesOf(resolveProtectedRef(dir, { ref: 'main' }))).toEqual(['GIT_MISSING'])
    } finally {
      process.env['PATH'] = path
    }
  })

  test('a git that fails in a way of its own', async () => {
    const bin = folder()
    writeFileSync(join(bin, 'git'), '#!/bin/sh\necho "fatal: out of paper" >&2\nexit 3\n', { mode: 0o755 })
    const path = process.env['PATH']
    process.env['PATH'] = `${bin}:${path}`
    try {
      const [problem] = await problemsOf(resolveProtectedRef(bin, { ref: 'main' }))
      expect(problem).toMatchObject({ code: 'GIT_FAILED', message: expect.stringContaining('out of paper') })
    } finally {
      process.env['PATH'] = path
    }
  })

  test.skipIf(process.getuid?.() !== 0)('a repository of another user is explained', async () => {
    const { dir } = repository(files)
    execFileSync('chown', ['-R', '12345', dir])
    const [problem] = await problemsOf(resolveProtectedRef(dir, { ref: 'main' }))
    expect(problem).toMatchObject({ code: 'REPOSITORY_UNTRUSTED', hint: expect.stringContaining(`git config --global --add safe.directory ${dir}`) })
  })

  test('a bare repository that git was told not to trust is explained', async () => {
    const bare = clone(repository(files), '--bare')
    const settings = { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'safe.bareRepository', GIT_CONFIG_VALUE_0: 'explicit' }
    Object.assign(process.env, settings)
    try {
      expect(await codesOf(resolveProtectedRef(bare.dir, { ref: 'main' }))).toEqual(['REPOSITORY_UNTRUSTED'])
    } finally {
      for (const name of Object.keys(settings)) delete process.env[name]
    }
  })

  test('a damaged object', async () => {
    const { dir, git } = repository(files)
    const commit = git('rev-parse', 'HEAD')
    const object = join(dir, '.git/objects', commit.slice(0, 2), commit.slice(2))
    chmodSync(object, 0o644)
    writeFileSync(object, 'rubbish')
    expect(await codesOf(resolveProtectedRef(dir, { ref: 'main' }))).toEqual(['REPOSITORY_DAMAGED'])
    rmSync(object)
    expect(await codesOf(resolveProtectedRef(dir, { ref: 'main' }))).toEqual(['REPOSITORY_DAMAGED'])
  })

  test('no governance there, or none that is a folder', async () => {
    const empty = repository({ 'README.md': '' })
    const [problem] = await problemsOf(resolveProtectedRef(empty.dir, { ref: 'main' }))
    expect(problem).toMatchObject({ code: 'GOVERNANCE_MISSING', hint: expect.stringContaining('exeat init') })
    expect(await codesOf(resolveProtectedRef(repository({ '.exeat': 'file' }).dir, { ref: 'main' }))).toEqual(['GOVERNANCE_ENTRY_REFUSED'])
    const link = repository({ 'elsewhere/workspace.yaml': '' })
    execFileSync('ln', ['-s', 'elsewhere', join(link.dir, '.exeat')])
    link.commit()
    expect(await codesOf(resolveProtectedRef(link.dir, { ref: 'main' }))).toEqual(['GOVERNANCE_ENTRY_REFUSED'])
  })
})

describe('the surroundings of git', () => {
  test('what a hook or a caller sets does not redirect it', async () => {
    const here = repository(files)
    const evil = repository({ '.exeat/workspace.yaml': 'evil: 1\n' })
    const variables = {
      GIT_DIR: join(evil.dir, '.git'), GIT_WORK_TREE: evil.dir, GIT_OBJECT_DIRECTORY: join(evil.dir, '.git/objects'), GIT_NAMESPACE: 'x', GIT_TRACE: '1',
      GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'core.bare', GIT_CONFIG_VALUE_0: 'false',
    }
    Object.assign(process.env, variables)
    try {
      expect((await resolveProtectedRef(here.dir, { ref: 'main' })).commit).toBe(here.git('rev-parse', 'HEAD'))
    } finally {
      for (const name of Object.keys(variables)) delete process.env[name]
    }
  })

  test('a git that lies in the repository is not run', async () => {
    const here = repository(files)
    const bin = join(here.dir, 'bin')
    mkdirSync(bin)
    writeFileSync(join(bin, 'git'), `#!/bin/sh\ntouch ${join(here.dir, 'ran')}\nexit 1\n`, { mode: 0o755 })
    const [path, cwd] = [process.env['PATH'], process.cwd()]
    process.env['PATH'] = `bin:.:${path}`
    process.chdir(here.dir)
    try {
      expect(await resolveProtectedRef(here.dir, { ref: 'main' })).toMatchObject({ branch: 'main' })
      expect(() => execFileSync('ls', [join(here.dir, 'ran')], { stdio: 'pipe' })).toThrow()
    } finally {
      process.chdir(cwd)
      process.env['PATH'] = path
    }
  })
})

test('the branch is the name without the remote', () => {
  expect(['refs/heads/main', 'refs/remotes/origin/main', 'refs/heads/release/1', 'refs/remotes/up/release/1', 'refs/remotes/origin/HEAD', 'refs/tags/main', 'main'].map(branchOf))
    .toEqual(['main', 'main', 'release/1', 'release/1', undefined, undefined, undefined])
})
