/** Who may opt out of what: every way in which the policies overlap, against every environment. */
import { type PermittedTerms, policiesAnswerSchema, type PoliciesAnswer } from '@exeat/core/wire'
import { type ReactNode, useCallback, useState } from 'react'
import { get } from '../api.ts'
import { useLive } from '../live/use-live.ts'
import { Foreign, Several } from '../parts/foreign.tsx'
import { Layout } from '../parts/layout.tsx'
import { LiveLine } from '../parts/live-line.tsx'
import { Loaded } from '../parts/loaded.tsx'
import { TermsText } from '../parts/terms-text.tsx'
import type { SignedIn } from '../session.ts'
import { countOf } from '../words.ts'

type Row = PoliciesAnswer['rows'][number]
type Cell = Row['cells'][number]

export function PoliciesPage({ signedIn }: { readonly signedIn: SignedIn }): ReactNode {
  const live = useLive(useCallback(() => get('/v1/policies', policiesAnswerSchema), []))
  return (
    <Layout title="Policies" signedIn={signedIn} wide>
      <LiveLine live={live} />
      <Loaded from={live}>{(answer) => <Matrix answer={answer} />}</Loaded>
    </Layout>
  )
}

function Matrix({ answer: { ref, commit, environments, policies, rows, complete } }: { readonly answer: PoliciesAnswer }): ReactNode {
  const [sought, setSought] = useState('')
  const patternsOf = (names: readonly string[]): readonly string[] => [...new Set(policies.filter(({ name }) => names.includes(name)).flatMap(({ controls }) => controls))]
  const shown = rows.filter(({ policies: names, example }) => [...names, ...patternsOf(names), example].some((text) => text.toLowerCase().includes(sought.trim().toLowerCase())))
  return (
    <>
      <p>What no policy permits cannot be opted out of. Where several policies cover a control, the narrowest of each term holds; what is forbidden stays on. As of commit <code>{commit.slice(0, 12)}</code> of <code><Foreign text={ref} most={200} /></code>.</p>
      {policies.length === 0 ? <p className="card">No policy permits anything yet. A policy is a document under <code>.exeat/</code> of the branch that governs; <code>exeat init</code> writes a commented example.</p> : null}
      {complete ? null : <p className="problem" role="alert">The policies overlap in more ways than a table can show. Ask for one control: <code>exeat explain CONTROL --env ENVIRONMENT</code></p>}
      {rows.length === 0 ? null : (
        <>
          <form className="filters" role="search" aria-label="Policies" onSubmit={(event) => { event.preventDefault() }}>
            <label>Control or policy<input type="search" name="sought" autoComplete="off" spellCheck={false} value={sought} placeholder="trivy" onChange={(event) => { setSought(event.target.value) }} /></label>
            <p className="quiet hint">For one control, with every policy behind each term: <code>exeat explain CONTROL --env ENVIRONMENT</code></p>
          </form>
          <p role="status" className="quiet">{shown.length === rows.length ? countOf(rows.length, 'group of controls', 'groups of controls') : `${shown.length} of ${countOf(rows.length, 'group of controls', 'groups of controls')}`}</p>
          <div className="scrolls" role="region" aria-label="Who may opt out of what" tabIndex={0}>
            <table className="wide-table stacks matrix">
              <thead><tr><th scope="col">Controls</th>{environments.map(({ name, protected: guarded }) => <th key={name} scope="col"><Foreign text={name} most={80} />{guarded ? <span className="mark caution">protected</span> : null}</th>)}</tr></thead>
              <tbody>{shown.map((row) => (
                <tr key={row.policies.join(' ')}>
                  <th scope="row"><Several values={patternsOf(row.policies)} most={5} any="any control" /><span className="below quiet">by <Several values={row.policies} most={4} any="no policy" /></span></th>
                  {row.cells.map((cell) => <td key={cell.environment} data-term={cell.environment}><div className="answers">{cell.answers.map((each) => <AnswerText key={each.severities.join(' ')} given={each} alone={cell.answers.length === 1} />)}</div></td>)}
                </tr>
              ))}</tbody>
            </table>
          </div>
        </>
      )}
    </>
  )
}

function AnswerText({ given: { severities, answer }, alone }: { readonly given: Cell['answers'][number]; readonly alone: boolean }): ReactNode {
  return (
    <div className={`answer ${answer.kind} ${answer.kind === 'refused' && answer.code === 'FORBIDDEN' ? 'forbidden' : ''}`}>
      {alone ? null : <p className="severities">{severities.join(', ')}</p>}
      {answer.kind === 'refused' ? <RefusedText answer={answer} /> : <Permitted terms={answer.terms} />}
    </div>
  )
}

function RefusedText({ answer: { code, policies, message } }: { readonly answer: Extract<Cell['answers'][number]['answer'], { readonly kind: 'refused' }> }): ReactNode {
  if (code === 'NOT_PERMITTED') return <p className="quiet">Not permitted</p>
  if (code === 'FORBIDDEN') return <p><strong>Forbidden</strong> <span className="quiet">by <Several values={policies} any="a policy" /></span></p>
  return <p><strong>Nobody may</strong> <span className="below quiet"><Foreign text={message} most={300} /></span></p>
}

const Permitted = ({ terms }: { readonly terms: PermittedTerms }): ReactNode => <><p className="yes">Permitted</p><TermsText terms={terms} /></>
