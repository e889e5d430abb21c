/** An SSH agent on a socket of its own (the OpenSSH agent protocol), so that the real `ssh-keygen -Y sign` signs with the keys of `ssh-authenticator.ts`. */
import { createServer, type Socket } from 'node:net'
import { type SshKey, type SshSigning, sshString, uint32 } from './ssh-authenticator.ts'

const message = { failure: 5, identitiesWanted: 11, identities: 12, signatureWanted: 13, signature: 14 } as const

export interface SshAgent {
  readonly socket: string
  close(): Promise<void>
}

/** `signing`: what the owner of the keys does: `flags: flag.present` touches, and types no PIN. The socket's folder must be there. */
export async function sshAgent(socket: string, keys: readonly SshKey[], signing: Partial<SshSigning> = {}): Promise<SshAgent> {
  const open = new Set<Socket>()
  const server = createServer((connection) => {
    open.add(connection)
    let held = Buffer.alloc(0)
    connection.on('data', (chunk) => {
      held = Buffer.concat([held, chunk])
      while (held.length >= 4 && held.length >= 4 + held.readUInt32BE()) {
        const end = 4 + held.readUInt32BE()
        connection.write(sshString(answer(held.subarray(4, end), keys, signing)))
        held = held.subarray(end)
      }
    })
    connection.on('close', () => { open.delete(connection) })
    connection.on('error', () => { connection.destroy() })
  })
  await new Promise<void>((resolve) => { server.listen(socket, resolve) })
  return {
    socket,
    close: () => new Promise((resolve) => {
      for (const connection of open) connection.destroy()
      server.close(() => { resolve() })
    }),
  }
}

function answer(request: Buffer, keys: readonly SshKey[], signing: Partial<SshSigning>): Buffer {
  if (request[0] === message.identitiesWanted) {
    return Buffer.concat([Buffer.from([message.identities]), uint32(keys.length), ...keys.flatMap(({ blob, type }) => [sshString(blob), sshString(type)])])
  }
  if (request[0] !== message.signatureWanted) return Buffer.from([message.failure])
  const length = request.readUInt32BE(1)
  const blob = request.subarray(5, 5 + length)
  const data = request.subarray(9 + length, 9 + length + request.readUInt32BE(5 + length))
  const key = keys.find((each) => blob.equals(each.blob))
  return key === undefined ? Buffer.from([message.failure]) : Buffer.concat([Buffer.from([message.signature]), sshString(key.inner(data, signing))])
}
