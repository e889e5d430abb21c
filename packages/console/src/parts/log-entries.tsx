/** Entries of the log, each with the proof that it stands there. */
import { shortType } from '@exeat/core/entry'
import { type ReactNode, useState } from 'react'
import type { SoundLog } from '../log/check.ts'
import { hexOf, inclusionOf, type InclusionShown, type ProvedEntry } from '../log/entries.ts'
import type { ShownEntry } from '../pages/log.tsx'
import { brieflyOf, utcOf } from '../words.ts'
import { Row } from './covers.tsx'
import { Foreign } from './foreign.tsx'
import { Problem } from './problem.tsx'
import { SaidEntry } from './said-entry.tsx'

export function LogEntries({ entries, check }: { readonly entries: readonly ShownEntry[]; readonly check: SoundLog }): ReactNode {
  if (entries.length === 0) return null
  return (
    <table className="wide-table stacks entries">
      <thead><tr><th scope="col">Entry</th><th scope="col">When</th><th scope="col">What</th><th scope="col">Proof</th></tr></thead>
      <tbody>{entries.map(({ entry, body, name }) => {
        const { index, leaf: { time, uid, type } } = entry
        return (
          <tr key={index}>
            <th scope="row" id={`entry-${index}`}>{index}</th>
            <td data-term="When"><time dateTime={utcOf(time)}>{brieflyOf(time)}</time></td>
            <td data-term="What"><span><SaidEntry body={body} /><span className="below quiet">{shortType(type)}{uid === null ? '' : <> · <a href={`/opt-outs/${uid}`}>{name === undefined ? `opt-out ${uid.slice(0, 12)}` : <Foreign text={name} most={120} />}</a></>}</span></span></td>
            <td data-term="Proof"><Proof entry={entry} check={check} /></td>
          </tr>
        )
      })}</tbody>
    </table>
  )
}

/** Shown where somebody asks for it: that it was included is known already. */
function Proof({ entry, check }: { readonly entry: ProvedEntry; readonly check: SoundLog }): ReactNode {
  const [shown, setShown] = useState<InclusionShown>()
  const [error, setError] = useState<unknown>()
  const open = async (): Promise<void> => {
    try {
      const tree = await check.tree()
      if (tree.ok) setShown(await inclusionOf(tree.value, entry))
      else setError(new Error(tree.problem.message))
    } catch (cause) {
      setError(cause)
    }
  }
  return (
    <details className="proof" onToggle={(event) => { if (event.currentTarget.open) void open() }}>
      <summary><span className="tick" aria-hidden="true">✓</span> included</summary>
      <Problem error={error} />
      {shown === undefined ? null : (
        <dl className="terms digests">
          <Row term="leaf"><code>{hexOf(shown.leaf)}</code></Row>
          {shown.path.map((hash, i) => <Row key={hexOf(hash)} term={`with ${i + 1}`}><code>{hexOf(hash)}</code></Row>)}
          <Row term={`root of ${shown.size}`}><code>{hexOf(shown.root)}</code></Row>
          <Row term="receipt"><a href={`/v1/receipts/${entry.index}`} download={`receipt-${entry.index}.json`}>Download it (C2SP tlog-proof)</a></Row>
        </dl>
      )}
    </details>
  )
}
