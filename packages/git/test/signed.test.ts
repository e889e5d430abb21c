import { createHash } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readGovernance } from '../src/index.ts'
import { branchHistory, commitSignature, involvedIn, listSignatures, readSignedActs, readSigners, stoodSince, writingCommit } from '../src/signed/index.ts'
import { temporaryClone, temporaryRepository, type TemporaryRepository } from '../../testkit/src/index.ts'
import { problemsOf } from './support.ts'

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()
const workspace = `apiVersion: exeat.dev/v1
kind: Workspace
metadata: { name: workspace }
spec:
  id: acme
  protectedRef: main
  sources: [{ name: acme/payments, forge: none, repositoryId: "1" }]
  environments: [{ name: staging, proof: asserted }]
`
const optOut = (name = 'hotfix'): string => `apiVersion: exeat.dev/v1
kind: OptOut
metadata: { name: ${name} }
spec:
  controls: [trivy/CVE-2021-44228]
  category: waiver
  reason: a reason that is long enough
  owner: alice@acme.example
  window: { from: 2026-01-01T00:00:00Z, until: 2035-01-01T00:00:00Z }
`

let repository: TemporaryRepository
beforeEach(() => { repository = temporaryRepository({ '.exeat/workspace.yaml': workspace }) })
afterEach(() => { repository.remove() })

const mails = (author: string, committer = author): Record<string, string> => ({ GIT_AUTHOR_EMAIL: author, GIT_COMMITTER_EMAIL: committer, GIT_COMMITTER_DATE: '2026-06-01T00:00:00Z' })

/** Commits on a branch, and merges it; answers the merge. */
function merge(files: Readonly<Record<string, string | undefined>>, author = 'alice@acme.example', merger = 'merge@acme.example', message = 'change'): string {
  repository.git('checkout', '--quiet', '-B', 'change', 'main')
  for (const [path, content] of Object.entries(files)) {
    if (content === undefined) repository.git('rm', '--quiet', path)
    else repository.write(path, content)
  }
  repository.git('add', '--all')
  repository.gitWith({ env: mails(author) }, 'commit', '--quiet', '--allow-empty', '-m', message)
  repository.git('checkout', '--quiet', 'main')
  repository.gitWith({ env: mails(merger) }, 'merge', '--quiet', '--no-ff', '-m', 'merge\n\nCo-authored-by: Zoe <Zoe@acme.example>', 'change')
  return repository.git('rev-parse', 'HEAD')
}

async function stood(file: string, name = 'hotfix') {
  const governance = await readGovernance({ dir: repository.dir, sha256, ref: 'main' })
  const found = governance.optOuts.find(({ document }) => document.metadata.name === name)
  if (found === undefined || governance.source.kind !== 'ref') throw new Error('it does not stand')
  const history = await branchHistory(repository.dir, governance.source.commit)
  return { history, commit: governance.source.commit, tree: governance.source.tree, stood: await stoodSince(repository.dir, history, { name, digest: found.digest, file, commit: governance.source.commit }, sha256) }
}

describe('the branch', () => {
  test('is what its merges brought, newest first, and not what stood on the way', async () => {
    merge({ 'README.md': 'elsewhere' })
    const first = merge({ '.exeat/a.yaml': optOut() })
    const second = merge({ '.exeat/a.yaml': undefined, '.exeat/b b.yaml': optOut() })
    const history = await branchHistory(repository.dir, second)
    expect(history.map(({ id }) => id).slice(0, 2)).toEqual([second, first])
    expect(history).toHaveLength(3)
    expect(history[0]).toMatchObject({
      parent: first, at: Date.UTC(2026, 5, 1),
      changes: [{ path: '.exeat/a.yaml', before: expect.any(String) }, { path: '.exeat/b b.yaml', after: expect.any(String) }],
    })
    expect(history[0]?.people).toEqual(expect.arrayContaining(['merge@acme.example', 'zoe@acme.example']))
    expect(history.at(-1)).not.toHaveProperty('parent')
  })

  test('is refused where the clone cuts it off', async () => {
    merge({ '.exeat/a.yaml': optOut() })
    const clone = temporaryClone(repository, '--depth=1')
    try {
      expect(await problemsOf(branchHistory(clone.dir, clone.git('rev-parse', 'HEAD')))).toMatchObject([{ code: 'HISTORY_CUT_OFF' }])
    } finally {
      clone.remove()
    }
  })
})

describe('an opt-out stands since', () => {
  test('it came, over changes of its file and moves to others', async () => {
    const came = merge({ '.exeat/a.yaml': optOut() })
    merge({ '.exeat/a.yaml': `${optOut('other')}---\n${optOut()}` })
    merge({ '.exeat/a.yaml': optOut('other'), '.exeat/b.yaml': optOut() })
    const { stood: found } = await stood('.exeat/b.yaml')
    expect(found).toMatchObject({ since: { id: came }, file: '.exeat/a.yaml', trail: [{ file: '.exeat/b.yaml' }, { file: '.exeat/a.yaml' }] })
  })

  test('attack-03: whoever wrote it is involved, wherever somebody else moves it', async () => {
    merge({ '.exeat/b.yaml': optOut('other') }, 'dave@acme.example', 'dave@acme.example')
    merge({ '.exeat/a.yaml': optOut() }, 'bob@acme.example', 'merge@acme.example')
    merge({ '.exeat/a.yaml': undefined, '.exeat/b.yaml': `${optOut('other')}---\n${optOut()}` }, 'carol@acme.example', 'eve@acme.example')
    const { stood: found, history } = await stood('.exeat/b.yaml')
    const involved = found === undefined ? [] : await involvedIn(repository.dir, history, found)
    expect(involved).toEqual(expect.arrayContaining(['bob@acme.example', 'carol@acme.example', 'dave@acme.example', 'eve@acme.example', 'merge@acme.example', 'zoe@acme.example']))
  })

  test('attack-03: whoever wrote it is involved, though the merge that brings it has it moved already', async () => {
    merge({ '.exeat/b.yaml': optOut('other') }, 'dave@acme.example')
    repository.git('checkout', '--quiet', '-B', 'mine', 'main')
    repository.write('.exeat/a.yaml', optOut())
    repository.git('add', '--all')
    repository.gitWith({ env: mails('bob@acme.example') }, 'commit', '--quiet', '-m', 'ask')
    repository.git('rm', '--quiet', '.exeat/a.yaml')
    repository.write('.exeat/b.yaml', `${optOut('other')}---\n${optOut()}`)
    repository.git('add', '--all')
    repository.gitWith({ env: mails('carol@acme.example') }, 'commit', '--quiet', '-m', 'move')
    repository.git('checkout', '--quiet', 'main')
    repository.git('merge', '--quiet', '--no-ff', '-m', 'merge', 'mine')
    const { stood: found, history } = await stood('.exeat/b.yaml')
    expect(found && await involvedIn(repository.dir, history, found)).toEqual(expect.arrayContaining(['bob@acme.example', 'carol@acme.example']))
  })

  test('it came back, where it was gone in between', async () => {
    merge({ '.exeat/a.yaml': optOut() })
    merge({ '.exeat/a.yaml': undefined })
    const back = merge({ '.exeat/a.yaml': optOut() })
    expect((await stood('.exeat/a.yaml')).stood?.since.id).toBe(back)
  })

  test('it came back, where its file did not parse in between, or said something else', async () => {
    for (const between of ['[', optOut().replace('long enough', 'long enough, too'), optOut('renamed')]) {
      merge({ '.exeat/a.yaml': optOut() })
      merge({ '.exeat/a.yaml': between })
      const back = merge({ '.exeat/a.yaml': optOut() })
      // oxlint-disable-next-line no-await-in-loop -- one repository
      expect((await stood('.exeat/a.yaml')).stood?.since.id).toBe(back)
    }
  })
})

test('the writing commit is the author\'s own, below the merge', async () => {
  merge({ '.exeat/a.yaml': optOut() })
  const wrote = repository.git('rev-parse', 'change')
  merge({ '.exeat/c.yaml': optOut('c') })
  const { stood: found } = await stood('.exeat/a.yaml')
  expect(found && await writingCommit(repository.dir, found)).toBe(wrote)
})

test('a signature of a commit, and what it is over', async () => {
  const unsigned = repository.git('rev-parse', 'HEAD')
  expect(await commitSignature(repository.dir, unsigned)).toBeUndefined()
  const text = `${repository.git('cat-file', 'commit', 'HEAD')}\n`
  const write = (content: string): string => repository.gitWith({ input: content }, 'hash-object', '-t', 'commit', '-w', '--stdin')
  const signed = write(text.replace('\n\n', '\ngpgsig one\n two\n three\n\n'))
  const found = await commitSignature(repository.dir, signed)
  expect(Buffer.from(found?.signature ?? []).toString()).toBe('one\ntwo\nthree')
  expect(Buffer.from(found?.payload ?? []).toString()).toBe(text)
  const both = await commitSignature(repository.dir, write(text.replace('\n\n', '\ngpgsig one\ngpgsig-sha256 two\n\n')))
  expect(Buffer.from(both?.payload ?? []).toString()).toBe(text)
  expect(await commitSignature(repository.dir, write(text.replace('\n\n', '\ngpgsig one\ngpgsig two\n\n')))).toBeUndefined()
  // A message that looks like a header is none.
  expect(await commitSignature(repository.dir, write(`${text}\ngpgsig one\n`))).toBeUndefined()
})

test('signatures are pairs of files in folders of uids; the later of the two says when they came', async () => {
  const uid = 'a'.repeat(64)
  merge({ '.exeat/a.yaml': optOut(), [`.exeat/signatures/${uid}/one.json`]: '{}' })
  const came = merge({
    [`.exeat/signatures/${uid}/one.sshsig`]: 's', [`.exeat/signatures/${uid}/two.json`]: '{}', [`.exeat/signatures/${uid}/large.json`]: 'x'.repeat(65_537), [`.exeat/signatures/${uid}/large.sshsig`]: 's',
    '.exeat/signatures/other/one.json': '{}', '.exeat/signatures/other/one.sshsig': 's', '.exeat/allowed_signers': '# nobody\n',
  })
  const { tree, history } = await stood('.exeat/a.yaml')
  const blobs = await listSignatures(repository.dir, tree)
  expect([...blobs.keys()]).toEqual([uid])
  const acts = await readSignedActs(repository.dir, blobs.get(uid) ?? [], history)
  expect(acts).toMatchObject([{ path: `.exeat/signatures/${uid}/one.json`, merged: { id: came } }])
  expect(Buffer.from(acts[0]?.signature ?? []).toString()).toBe('s')
  expect(await readSigners(repository.dir, tree)).toBe('# nobody\n')
  const gone = merge({ [`.exeat/signatures/${uid}/one.json`]: undefined, '.exeat/allowed_signers': undefined })
  const back = merge({ [`.exeat/signatures/${uid}/one.json`]: '{}' })
  const again = await stood('.exeat/a.yaml')
  expect(await readSignedActs(repository.dir, (await listSignatures(repository.dir, again.tree)).get(uid) ?? [], again.history)).toMatchObject([{ merged: { id: back, parent: gone } }])
  expect(await readSigners(repository.dir, again.tree)).toBeUndefined()
})

test('at most a hundred acts of one opt-out are read', async () => {
  const uid = 'b'.repeat(64)
  merge({ '.exeat/a.yaml': optOut(), ...Object.fromEntries(Array.from({ length: 101 }, (_, i) => [[`.exeat/signatures/${uid}/${i}.json`, '{}'], [`.exeat/signatures/${uid}/${i}.sshsig`, 's']] as const).flat()) })
  expect((await listSignatures(repository.dir, (await stood('.exeat/a.yaml')).tree)).get(uid)).toHaveLength(100)
})
