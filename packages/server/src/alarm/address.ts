/** Which addresses the server may be made to connect to: whoever writes a sink must not reach what only the server can reach. */
import { BlockList, isIP } from 'node:net'

/** Not globally reachable (IANA special-purpose registries, RFC 6890), or multicast. Of IPv6 only what is outside of `2000::/3`, and what embeds other addresses, needs naming. */
const closed = new BlockList()
for (const [net, prefix] of [
  ['0.0.0.0', 8], ['10.0.0.0', 8], ['100.64.0.0', 10], ['127.0.0.0', 8], ['169.254.0.0', 16], ['172.16.0.0', 12], ['192.0.0.0', 24], ['192.0.2.0', 24], ['192.88.99.0', 24],
  ['192.168.0.0', 16], ['198.18.0.0', 15], ['198.51.100.0', 24], ['203.0.113.0', 24], ['224.0.0.0', 3],
] as const) closed.addSubnet(net, prefix, 'ipv4')
for (const [net, prefix] of [['2001::', 23], ['2001:db8::', 32], ['2002::', 16], ['3fff::', 20]] as const) closed.addSubnet(net, prefix, 'ipv6')

const global6 = new BlockList()
global6.addSubnet('2000::', 3, 'ipv6')

/** Answers why the address is not to be connected to; undefined: it may. */
export type AddressGuard = (address: string) => string | undefined

const cidr = /^([0-9a-fA-F.:]{2,45})\/(\d{1,3})$/

/** `10.1.0.0/16`, `fd00::/8`. */
export function isNetwork(text: string): boolean {
  const [, net = '', prefix = ''] = cidr.exec(text) ?? []
  const family = isIP(net)
  return family !== 0 && Number(prefix) <= (family === 4 ? 32 : 128)
}

/** `allowed`: networks that the operator lets alarms go to though they are not public. */
export function addressGuard(allowed: readonly string[]): AddressGuard {
  const open = new BlockList()
  for (const text of allowed) {
    const [, net = '', prefix = ''] = cidr.exec(text) ?? []
    open.addSubnet(net, Number(prefix), isIP(net) === 6 ? 'ipv6' : 'ipv4')
  }
  return (address) => {
    const family = isIP(address)
    if (family === 0) return 'its name leads to no address'
    const type = family === 6 ? 'ipv6' : 'ipv4'
    if (open.check(address, type)) return undefined
    const isPublic = family === 4 ? !closed.check(address, type) : global6.check(address, type) && !closed.check(address, type)
    return isPublic ? undefined : 'its address is not a public one, and `alarms.allow` of `server.json` does not name it'
  }
}
