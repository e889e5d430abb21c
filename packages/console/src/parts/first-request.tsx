/** Where nothing is off, and nothing waits: how the first opt-out is asked for. */
import type { ReactNode } from 'react'

export function FirstRequest(): ReactNode {
  return (
    <section className="card teach" aria-labelledby="first">
      <h2 id="first">When a control blocks something that must go out</h2>
      <ol>
        <li>
          <p>See whether it may be opted out of, by whom and for how long. The gate names the control; <a href="/policies">the policies</a> say it here.</p>
          <Command text="exeat explain trivy/CVE-2021-44228 --env production" />
        </li>
        <li>
          <p>Write down what is to be off, where, why and until when, in <code>.exeat/opt-outs/log4j-hotfix.yaml</code>, and check it. <code>exeat init</code> writes a commented example.</p>
          <Command text="exeat lint" />
        </li>
        <li>
          <p>Ask for it. Whoever has to approve it finds it on this page.</p>
          <Command text={`exeat login --server ${location.origin}`} />
          <Command text={`exeat request log4j-hotfix --server ${location.origin}`} />
        </li>
      </ol>
      <p className="quiet">In an emergency that cannot wait for anybody: <code>exeat emergency NAME --team TEAM --server {location.origin}</code>. It works at once, everybody is told, and somebody else judges it afterwards.</p>
    </section>
  )
}

const Command = ({ text }: { readonly text: string }): ReactNode => <pre className="command" tabIndex={0}><code>{text}</code></pre>
