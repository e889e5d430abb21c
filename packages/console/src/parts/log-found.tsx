/** What this browser verified of the log by itself, and what that is worth. */
import { formatVerifierKey } from '@exeat/log'
import type { ReactNode } from 'react'
import type { SoundLog, Witnesses } from '../log/check.ts'
import { hexOf } from '../log/entries.ts'
import { brieflyOf, countOf, utcOf } from '../words.ts'
import { Row } from './covers.tsx'
import { Foreign } from './foreign.tsx'

export function LogFound({ check: { head, key, before, kept, witnessed }, witnesses: { keys, quorum } }: { readonly check: SoundLog; readonly witnesses: Witnesses }): ReactNode {
  const { checkpoint: { origin, size, root } } = head
  const vkey = formatVerifierKey(key)
  return (
    <section className="card checked" aria-labelledby="checked">
      <h2 id="checked"><span className="tick" aria-hidden="true">✓</span> Verified in this browser</h2>
      <ul className="findings">
        <li><strong>Signed.</strong> The head of {countOf(size, 'entry', 'entries')} carries the signature of <Foreign text={origin} most={200} />.</li>
        <li>{before === undefined
          ? <><strong>Seen for the first time.</strong> From now on every head must extend this one.</>
          : <><strong>Extended.</strong> It {before.size === size ? 'is' : 'extends'} the log of {countOf(before.size, 'entry', 'entries')} that this browser saw <time dateTime={utcOf(before.at)}>{brieflyOf(before.at)}</time>: nothing of that was changed or removed.</>}
        {kept ? null : <> <strong className="refuted">This browser keeps nothing, so that a log which goes back would not be noticed.</strong></>}</li>
        <li><strong>Included.</strong> Each entry below leads by its hashes to the signed root, and what it says fits what it committed to.</li>
        <li><WitnessText signed={head.witnesses.map(({ key: { name }, time }) => ({ name, time }))} known={keys.length} quorum={quorum} />{witnessed === undefined ? null : <> <span className="refuted"><Foreign text={witnessed.message} most={300} /></span></>}</li>
      </ul>
      <details>
        <summary>The head, the key, and how to check it without this page</summary>
        <dl className="terms digests">
          <Row term="root"><code>{hexOf(root)}</code></Row>
          <Row term="key"><code><Foreign text={vkey} most={400} /></code></Row>
        </dl>
        <p className="quiet">This page came from the server that keeps the log, and so did the key when it was first seen. Compare the key with what the operator told you another way, and check the log from a machine that the operator does not run:</p>
        <pre className="command" tabIndex={0}><code>{`exeat log verify --log ${location.origin}/log --key '${vkey}'`}</code></pre>
        <pre className="note" tabIndex={0} aria-label="The signed checkpoint"><Foreign text={new TextDecoder().decode(head.bytes)} /></pre>
      </details>
    </section>
  )
}

interface WitnessProps {
  readonly signed: readonly { readonly name: string; readonly time: number | undefined }[]
  readonly known: number
  readonly quorum: number
}

function WitnessText({ signed, known, quorum }: WitnessProps): ReactNode {
  if (known === 0) return <><strong>No witnesses.</strong> The workspace names none, so that only your own browsers and terminals notice another history.</>
  return (
    <>
      <strong>{signed.length === 0 ? 'Not cosigned.' : 'Cosigned.'}</strong> {signed.length} of {known} witnesses signed this head{quorum === 0 ? '' : `, ${quorum} must`}
      {signed.length === 0 ? '. They may lag behind a busy log.' : ': '}
      {signed.map(({ name, time }, i) => <span key={name}>{i === 0 ? '' : ', '}<Foreign text={name} most={120} />{time === undefined ? '' : <> <span className="quiet">({brieflyOf(time * 1000)})</span></>}</span>)}
    </>
  )
}
