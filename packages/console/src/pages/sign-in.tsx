/** Signing in: with a passkey that is enrolled here, or by an identity provider. No passwords. */
import { startAuthentication, type PublicKeyCredentialRequestOptionsJSON } from '@simplewebauthn/browser'
import { ceremonySchema, sessionSchema } from '@exeat/core/wire'
import { type ReactNode, useState } from 'react'
import { post } from '../api.ts'
import { Layout } from '../parts/layout.tsx'
import { Problem } from '../parts/problem.tsx'
import { returnPath, type SignedIn } from '../session.ts'

export function SignInPage({ signedIn }: { readonly signedIn: SignedIn }): ReactNode {
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()
  const back = returnPath(location.search)
  const withPasskey = async (): Promise<void> => {
    setBusy(true)
    setError(undefined)
    try {
      const { id, options } = await post('/v1/sign-in/passkey/options', {}, ceremonySchema)
      const response = await startAuthentication({ optionsJSON: options as unknown as PublicKeyCredentialRequestOptionsJSON })
      await post('/v1/sign-in/passkey', { id, response }, sessionSchema)
      location.assign(back)
    } catch (cause) {
      setError(cause)
      setBusy(false)
    }
  }
  return (
    <Layout title="Sign in" signedIn={undefined}>
      <section className="card narrow">
        <p>Signing in shows who you are. Approving and activating ask for your key again, each time, for exactly what you see.</p>
        {signedIn.passkey ? <button type="button" className="primary wide" disabled={busy} onClick={() => { void withPasskey() }}>{busy ? 'Waiting for your key…' : 'Sign in with a passkey'}</button> : null}
        {signedIn.providers.map(({ name, start }) => <a key={name} className="button wide" href={`${start}?return=${encodeURIComponent(back)}`}>Sign in with {name}</a>)}
        {signedIn.passkey || signedIn.providers.length > 0 ? null : (
          <p className="problem">Nobody can sign in yet: the workspace names no relying party and no identity provider. Put <code>identity</code> under <code>spec</code> of the workspace document.</p>
        )}
        <Problem error={error} />
        {signedIn.passkey ? <p className="quiet">No key yet? Ask an administrator for a link: <code>exeat enrol invite NAME</code>.</p> : null}
      </section>
    </Layout>
  )
}
