/** What git lets a change look like: links, submodules, renames, cases, copies, and histories that are not what they seem. */
import { mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { builtCommand } from '../built.ts'
import { optOut, policy, reviewWorld, type ReviewWorld } from './world.ts'

const main = builtCommand()
let world: ReviewWorld
beforeEach(() => { world = reviewWorld(main) })
afterEach(() => { world.remove() })

const one = { '.exeat/opt-outs/one.yaml': optOut('one') }
const wide = optOut('one', { paths: '["**/pom.xml"]', reason: 'Another' })
const codes = (problems: readonly { readonly code: string }[]): readonly string[] => problems.map(({ code }) => code)

/** Whatever `make` does to the work tree of a branch `change`, committed. */
function changed(make: (dir: string) => void, from = 'main'): void {
  world.repository.git('checkout', '--quiet', '-B', 'change', from)
  make(world.repository.dir)
  world.repository.git('add', '--all')
  world.repository.git('commit', '--quiet', '--allow-empty', '-m', 'Change')
  world.repository.git('checkout', '--quiet', '--force', 'main')
}

/** Entries put right into the index: names and kinds that no work tree here would hold. */
function indexed(...entries: readonly (readonly [mode: string, path: string, content: string])[]): void {
  const { git, gitWith } = world.repository
  git('checkout', '--quiet', '-B', 'change', 'main')
  for (const [mode, path, content] of entries) {
    const id = mode === '160000' ? content : gitWith({ input: content }, 'hash-object', '-w', '--stdin')
    git('update-index', '--add', '--cacheinfo', `${mode},${id},${path}`)
  }
  git('commit', '--quiet', '-m', 'Change')
  git('checkout', '--quiet', '--force', 'main')
}

describe('links and submodules', { timeout: 60_000 }, () => {
  test.each<[string, string]>([['in the place of a document', '.exeat/opt-outs/one.yaml'], ['beside the documents', '.exeat/more'], ['in the place of the signers', '.exeat/allowed_signers'], ['in the place of a signature', `.exeat/signatures/${'a'.repeat(64)}/x.json`]])('attack-11: a link %s refuses the change', (_, path) => {
    world.merge(one)
    changed((dir) => {
      rmSync(join(dir, path), { force: true })
      mkdirSync(join(dir, dirname(path)), { recursive: true })
      symlinkSync('../policies/trivy.yaml', join(dir, path))
    })
    expect(world.review()).toMatchObject({ exit: 3, stderr: expect.stringContaining('GOVERNANCE_ENTRY_REFUSED') as string })
  })
  test('attack-11: a link in the place of all of it refuses the change', () => {
    changed((dir) => {
      world.repository.git('mv', '.exeat', 'elsewhere')
      symlinkSync('elsewhere', join(dir, '.exeat'))
    })
    expect(world.review()).toMatchObject({ exit: 3, stderr: expect.stringMatching(/GOVERNANCE_(?:ENTRY_REFUSED|MISSING)/) as string })
  })
  test('attack-11: a submodule in the place of all of it, or of a document, refuses the change', () => {
    world.merge(one)
    changed(() => {
      world.repository.git('rm', '--quiet', '-r', '--cached', '.exeat')
      rmSync(join(world.repository.dir, '.exeat'), { recursive: true })
      world.repository.git('update-index', '--add', '--cacheinfo', `160000,${'a'.repeat(40)},.exeat`)
      mkdirSync(join(world.repository.dir, '.exeat'))
    })
    expect(world.review()).toMatchObject({ exit: 3, stderr: expect.stringMatching(/GOVERNANCE_(?:ENTRY_REFUSED|MISSING)/) as string })
    indexed(['160000', '.exeat/opt-outs/one.yaml', 'a'.repeat(40)])
    expect(world.review()).toMatchObject({ exit: 3, stderr: expect.stringContaining('GOVERNANCE_ENTRY_REFUSED') as string })
  })
  test('attack-12: a workflow that becomes a link or a submodule is a change of what guards', () => {
    world.merge({ '.github/workflows/gate.yml': 'jobs: { gate: { steps: [{ run: npx exeat gate }] } }\n' })
    indexed(['120000', '.github/workflows/gate.yml', '../../src/main.ts'])
    expect(world.told()).toMatchObject({ exit: 4, governance: { changed: ['.github/workflows/gate.yml'], met: false } })
    indexed(['160000', '.github/workflows/gate.yml', 'a'.repeat(40)])
    expect(world.told()).toMatchObject({ exit: 4, governance: { changed: ['.github/workflows/gate.yml'] } })
  })
  test('attack-12: a submodule that the change itself asks git to leave out of every diff is one, too', () => {
    indexed(['160000', '.github/actions/gate', 'a'.repeat(40)], ['100644', '.gitmodules', '[submodule "gate"]\n\tpath = .github/actions/gate\n\turl = ./gate\n\tignore = all\n'])
    world.repository.git('merge', '--quiet', 'change')
    world.repository.git('reset', '--quiet', '--hard')
    indexed(['160000', '.github/actions/gate', 'b'.repeat(40)])
    expect(world.told()).toMatchObject({ exit: 4, governance: { changed: ['.github/actions/gate'] } })
  })
  test('attack-12: and one that was a submodule is, too', () => {
    world.repository.git('update-index', '--add', '--cacheinfo', `160000,${'a'.repeat(40)},.github/actions/gate`)
    world.repository.git('commit', '--quiet', '-m', 'Submodule')
    world.repository.git('reset', '--quiet', '--hard')
    changed((dir) => {
      rmSync(join(dir, '.github/actions/gate'), { recursive: true, force: true })
      world.repository.git('rm', '--quiet', '--cached', '.github/actions/gate')
      world.repository.write('.github/actions/gate/action.yml', 'runs: { using: composite, steps: [{ run: exeat gate }] }\n')
    })
    expect(world.told()).toMatchObject({ exit: 4, governance: { changed: ['.github/actions/gate', '.github/actions/gate/action.yml'] } })
  })
})

describe('names', { timeout: 60_000 }, () => {
  test('a document that is renamed and changed is what it became, wherever it stands', () => {
    world.merge(one)
    changed(() => {
      world.repository.git('mv', '.exeat/opt-outs/one.yaml', '.exeat/zz.yml')
      world.repository.write('.exeat/zz.yml', wide)
    })
    expect(world.told()).toMatchObject({ exit: 4, optOuts: [{ name: 'one', change: 'changed', effects: ['widened'], met: false }] })
  })
  test('one that moves from a file of many into another is moved, and the rest stays', () => {
    world.merge({ '.exeat/many.yaml': [optOut('one'), optOut('two', { control: 'trivy/CVE-2' })].join('---\n'), '.exeat/other.yaml': optOut('three', { control: 'trivy/CVE-3' }) })
    world.change({ '.exeat/many.yaml': optOut('two', { control: 'trivy/CVE-2' }), '.exeat/other.yaml': [optOut('three', { control: 'trivy/CVE-3' }), optOut('one')].join('---\n') })
    expect(world.told()).toMatchObject({ exit: 0, optOuts: [{ name: 'one', change: 'moved' }] })
  })
  test('one that is swapped with another under its name is both of them changed', () => {
    world.merge({ '.exeat/a.yaml': optOut('one'), '.exeat/b.yaml': optOut('two', { control: 'trivy/CVE-2' }) })
    world.change({ '.exeat/a.yaml': optOut('two', { reason: 'Swapped' }), '.exeat/b.yaml': optOut('one', { control: 'trivy/CVE-2', reason: 'Swapped' }) })
    expect(world.told().optOuts.map(({ name, change, met }) => [name, change, met])).toEqual([['one', 'changed', false], ['two', 'changed', false]])
  })
  test('two that differ by the case of their files alone are two, and a name that stands twice refuses the change', () => {
    indexed(['100644', '.exeat/opt-outs/one.yaml', optOut('one')], ['100644', '.exeat/opt-outs/ONE.yaml', optOut('two', { control: 'trivy/CVE-2' })])
    expect(world.told().optOuts.map(({ name }) => name)).toEqual(['one', 'two'])
    indexed(['100644', '.exeat/opt-outs/one.yaml', optOut('one')], ['100644', '.exeat/opt-outs/ONE.yaml', wide])
    expect(world.told()).toMatchObject({ exit: 3, problems: [{ code: 'NAME_REUSED' }, { code: 'NAME_REUSED' }] })
  })
  test('a second document of a name that stands hides nothing', () => {
    world.merge(one)
    world.change({ '.exeat/a.yaml': wide })
    expect(world.told()).toMatchObject({ exit: 3, problems: [{ code: 'NAME_REUSED' }, { code: 'NAME_REUSED' }] })
    world.change({ '.exeat/zz.yaml': wide })
    expect(world.told()).toMatchObject({ exit: 3, problems: [{ code: 'NAME_REUSED' }, { code: 'NAME_REUSED' }] })
  })
  test('a folder that is nearly `.exeat` governs nothing', () => {
    indexed(['100644', '.Exeat/policies/open.yaml', policy('open', { approve: 'none' })], ['100644', 'sub/.exeat/policies/open.yaml', policy('open', { approve: 'none' })])
    expect(world.review()).toMatchObject({ exit: 0, stdout: expect.stringContaining('touches nothing that Exeat governs') as string })
  })
  test('attack-12: owners and signers are guarded wherever a forge reads them, in any case that it does', () => {
    for (const path of ['CODEOWNERS', 'docs/CODEOWNERS', '.gitlab/CODEOWNERS', '.github/codeowners']) {
      world.change({ [path]: '* @eve\n' })
      expect(world.told().governance.changed, path).toEqual([path])
    }
  })
  test('a hostile name of a document refuses the change, and breaks no output', () => {
    indexed(['100644', '.exeat/opt-outs/\u001b[31m\u202e.yaml', optOut('one')])
    const { exit, stdout, stderr } = world.review()
    expect([exit, stdout]).toEqual([3, ''])
    expect(stderr).toMatch(/^error\[GOVERNANCE_NAME_REFUSED\][^\u001b\u202e]*$/)
  })
})

describe('histories', { timeout: 60_000 }, () => {
  test('attack-10: squashed, a change is what it brings; whoever is named in it wrote it', () => {
    world.change(one)
    world.repository.git('checkout', '--quiet', '-B', 'squashed', 'main')
    world.repository.git('merge', '--quiet', '--squash', 'change')
    world.repository.git('commit', '--quiet', '-m', 'Squashed\n\nCo-authored-by: Ben <ben@acme.example>')
    world.repository.git('branch', '--quiet', '-f', 'change', 'squashed')
    world.repository.git('checkout', '--quiet', 'main')
    const head = world.repository.git('rev-parse', 'change')
    expect(world.told('--approvals', world.approvals([['ben', head]]))).toMatchObject({ exit: 4, approvals: { excluded: [{ sub: 'ben@acme.example' }] } })
    expect(world.told('--approvals', world.approvals([['cleo', head]])).exit).toBe(0)
  })
  test('what a commit brings and a later one takes back is no part of it; what a merge brings by itself is', () => {
    world.change(one)
    changed(() => { world.repository.git('revert', '--no-edit', '--no-commit', 'HEAD') }, 'change')
    expect(world.told()).toMatchObject({ exit: 0, optOuts: [] })
    world.change({ 'src/a.ts': '' })
    world.merge({ 'src/b.ts': '' })
    world.repository.git('checkout', '--quiet', 'change')
    world.repository.git('merge', '--quiet', '--no-commit', '--no-ff', 'main')
    world.repository.write('.exeat/opt-outs/one.yaml', optOut('one'))
    world.repository.git('add', '--all')
    world.repository.gitWith({ env: { GIT_COMMITTER_EMAIL: 'ben@acme.example', GIT_AUTHOR_EMAIL: 'ben@acme.example' } }, 'commit', '--quiet', '-m', 'Evil merge')
    world.repository.git('checkout', '--quiet', 'main')
    expect(world.told('--approvals', world.approvals([['ben', world.repository.git('rev-parse', 'change')]]))).toMatchObject({ exit: 4, optOuts: [{ name: 'one' }], approvals: { excluded: [{ sub: 'ben@acme.example' }] } })
  })
  test('an empty change touches nothing, and the branch itself neither', () => {
    changed(() => {})
    expect(world.review()).toMatchObject({ exit: 0, stdout: expect.stringContaining('touches nothing') as string })
    expect(world.review('--head', 'main')).toMatchObject({ exit: 0, stdout: expect.stringContaining('touches nothing') as string })
  })
  test('an opt-out that came back after it was taken away is added anew, and continues what it was', () => {
    world.merge(one)
    rmSync(join(world.repository.dir, '.exeat/opt-outs/one.yaml'))
    world.merge({})
    world.change(one)
    expect(world.told()).toMatchObject({ exit: 4, optOuts: [{ name: 'one', change: 'added', met: false }] })
    expect(codes(world.told().optOuts[0]?.problems ?? [])).toEqual([])
  })
  test('replaced objects and grafts of the clone change nothing', () => {
    world.change(one)
    const [head = '', base = ''] = ['change', 'main'].map((name) => world.repository.git('rev-parse', name))
    world.repository.git('replace', head, base)
    expect(world.told()).toMatchObject({ exit: 4, head, optOuts: [{ name: 'one' }] })
  })
})
