/** What a sink's address can lead to, and what a sink can do: real sockets on this machine, names resolved by the test. */
import type { LookupAddress } from 'node:dns'
import { createServer, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, createServer as createTcp } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { addressGuard, isNetwork } from '../../src/alarm/address.ts'
import { connector, type Lookup, poster as posterOf } from '../../src/alarm/post.ts'
import { isSinkUrl } from '../../src/alarm/url.ts'

const poster = (options: Parameters<typeof connector>[0]) => posterOf(connector(options))

const closing: (() => void)[] = []
afterEach(() => { for (const close of closing.splice(0)) close() })

interface Sink {
  readonly port: number
  readonly heard: { readonly url: string; readonly headers: Record<string, unknown>; readonly body: string }[]
}

async function sink(answer: RequestListener = (_, reply) => { reply.end('ok') }): Promise<Sink> {
  const heard: Sink['heard'] = []
  const server: Server = createServer((request, reply) => {
    let body = ''
    request.on('data', (piece: Buffer) => { body += piece.toString('utf8') })
    request.on('end', () => {
      heard.push({ url: request.url ?? '', headers: request.headers, body })
      answer(request, reply)
    })
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  closing.push(() => { server.closeAllConnections(); server.close() })
  return { port: (server.address() as AddressInfo).port, heard }
}

const loopback = addressGuard(['127.0.0.0/8', '::1/128'])
const posted = { headers: { 'webhook-id': 'msg_1' }, body: new Uint8Array(Buffer.from('{"a":1}')) }
const leads = (...addresses: string[]): Lookup & { readonly asked: string[] } => {
  const asked: string[] = []
  const lookup: Lookup = (host, _options, done) => {
    asked.push(host)
    done(null, addresses.map((address): LookupAddress => ({ address, family: address.includes(':') ? 6 : 4 })))
  }
  return Object.assign(lookup, { asked })
}

test('sends it, and answers the status', async () => {
  const { port, heard } = await sink((_, reply) => { reply.writeHead(202).end() })
  expect(await poster({ guard: loopback })(`http://127.0.0.1:${port}/hook?room=1`, posted)).toBe(202)
  expect(heard).toEqual([{ url: '/hook?room=1', headers: expect.objectContaining({ 'webhook-id': 'msg_1', 'content-length': '7' }), body: '{"a":1}' }])
})

describe('attack-27: a sink leads the server nowhere that is not meant', () => {
  test.each(['http://sink.example/', 'ftp://sink.example/', 'file:///etc/passwd', 'https://user:secret@sink.example/', 'https://sink.example/#x', 'gopher://127.0.0.1/', 'http://127.0.0.1.nip.io/', 'http://127.1.example/', 'x', ''])('%s is no address of a sink', async (url) => {
    expect(isSinkUrl(url)).toBe(false)
    await expect(poster({ guard: loopback })(url, posted)).rejects.toThrow('neither encrypted')
  })

  test.each([
    '127.0.0.1', '127.8.8.8', '0.0.0.0', '10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', '169.254.169.254', '100.64.0.1', '198.18.0.1', '192.0.2.1', '224.0.0.1', '255.255.255.255',
    '::1', '::', 'fe80::1', 'fc00::1', 'fd00:ec2::254', 'ff02::1', '::ffff:127.0.0.1', '::ffff:169.254.169.254', '64:ff9b::a9fe:a9fe', '2002:7f00:1::', '2001:db8::1', '2001:0:1::1', 'nonsense', '',
  ])('%s is refused, as an address and behind a name', async (address) => {
    const guard = addressGuard([])
    expect(guard(address)).toBeDefined()
    const lookup = leads(address)
    await expect(poster({ guard, lookup })('https://sink.example/', posted)).rejects.toThrow(/address/)
    expect(lookup.asked).toEqual(['sink.example'])
    if (address.includes('.') && !address.includes(':')) await expect(poster({ guard })(`https://${address}/`, posted)).rejects.toThrow('not a public one')
  })

  test.each(['93.184.216.34', '8.8.8.8', '172.32.0.1', '2606:2800:220:1:248:1893:25c8:1946', '2a00::1'])('%s is a public one', (address) => { expect(addressGuard([])(address)).toBeUndefined() })

  test('other spellings of an address are that address', async () => {
    for (const url of ['https://2130706433/', 'https://0x7f.1/', 'https://0177.0.0.1/', 'https://[::ffff:7f00:1]/', 'https://[::1]/']) {
      await expect(poster({ guard: addressGuard([]) })(url, posted)).rejects.toThrow('not a public one')
    }
  })

  test('one private address among public ones refuses all of them', async () => {
    await expect(poster({ guard: addressGuard([]), lookup: leads('93.184.216.34', '127.0.0.1') })('https://sink.example/', posted)).rejects.toThrow('not a public one')
  })

  test('a name that leads elsewhere a moment later is asked once, and the address that was checked is connected to', async () => {
    const { port, heard } = await sink()
    let asked = 0
    const lookup: Lookup = (_host, _options, done) => {
      asked += 1
      done(null, [{ address: asked === 1 ? '127.0.0.1' : '127.0.0.2', family: 4 }])
    }
    const guard = addressGuard(['127.0.0.1/32'])
    expect(await poster({ guard, lookup })(`http://localhost:${port}/`, posted)).toBe(200)
    expect([asked, heard.length]).toEqual([1, 1])
    await expect(poster({ guard, lookup })(`http://localhost:${port}/`, posted)).rejects.toThrow('not a public one')
    expect(heard.length).toBe(1)
  })

  test('a redirection, to the metadata address or elsewhere, is an answer and not followed', async () => {
    const other = await sink()
    for (const location of ['http://169.254.169.254/latest/meta-data/', `http://127.0.0.1:${other.port}/`]) {
      const { port } = await sink((_, reply) => { reply.writeHead(307, { location }).end() })
      expect(await poster({ guard: loopback })(`http://127.0.0.1:${port}/`, posted)).toBe(307)
    }
    expect(other.heard).toEqual([])
  })

  test('what the operator allows is allowed, and no more', () => {
    const guard = addressGuard(['10.1.0.0/16', 'fd00::/8'])
    expect([guard('10.1.2.3'), guard('fd12::1')]).toEqual([undefined, undefined])
    expect([guard('10.2.0.1'), guard('fe80::1')].every((each) => each !== undefined)).toBe(true)
    expect(['10.0.0.0/33', '10.0.0.0', 'x/8', '::/129', '', '1/1'].filter(isNetwork)).toEqual([])
  })
})

describe('a sink that misbehaves', () => {
  test('by never answering is given up', async () => {
    const { port } = await sink(() => {})
    await expect(poster({ guard: loopback, patience: 50 })(`http://127.0.0.1:${port}/`, posted)).rejects.toThrow('did not answer within')
  })
  test('by a name that never resolves is given up', async () => {
    await expect(poster({ guard: loopback, patience: 50, lookup: () => {} })('https://sink.example/', posted)).rejects.toThrow('did not answer within')
  })
  test('by an endless answer is not listened to', async () => {
    const { port } = await sink((_, reply) => {
      const pour = (): void => { if (!reply.destroyed) reply.write(Buffer.alloc(65_536), pour) }
      pour()
      reply.on('error', () => {})
    })
    expect(await poster({ guard: loopback })(`http://127.0.0.1:${port}/`, posted)).toBe(200)
  })
  test('by endless headers is refused', async () => {
    const { port } = await sink((_, reply) => { reply.writeHead(200, { 'x-much': 'a'.repeat(20_000) }).end() })
    await expect(poster({ guard: loopback })(`http://127.0.0.1:${port}/`, posted)).rejects.toThrow('HPE_HEADER_OVERFLOW')
  })
  test('by closing the connection, or talking something else, is told without its address', async () => {
    for (const say of ['', 'SSH-2.0-x\r\n']) {
      const server = createTcp((socket) => { socket.end(say) })
      await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
      closing.push(() => { server.close() })
      const error: unknown = await poster({ guard: loopback })(`http://127.0.0.1:${(server.address() as AddressInfo).port}/secret`, posted).catch((thrown: unknown) => thrown)
      expect(String(error)).toMatch(/no connection|without an answer/)
      expect(String(error)).not.toMatch(/127|secret/)
    }
  })
  test('by a header that is none, of ours, is refused before anything is sent', async () => {
    const { port, heard } = await sink()
    await expect(poster({ guard: loopback })(`http://127.0.0.1:${port}/`, { ...posted, headers: { 'webhook-id': 'a\r\nx: y' } })).rejects.toThrow(/header/i)
    expect(heard).toEqual([])
  })
})
