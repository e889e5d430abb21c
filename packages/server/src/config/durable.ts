import { closeSync, fsyncSync, openSync } from 'node:fs'

/** Directories need it too, before what they list is durable (fsync(2)). */
export function syncFolder(folder: string): void {
  if (process.platform === 'win32') return
  const handle = openSync(folder, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}
