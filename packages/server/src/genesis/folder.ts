/** A folder that appears complete or not at all: filled under another name beside its place, then renamed. */
import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { serverError, systemCode } from '../config/codes.ts'
import { syncFolder } from '../config/durable.ts'
import { dataPaths, fileNames, longestSocketPath, stands, workTreeAround } from '../config/folder.ts'

/** @throws {ExeatError} DATA_EXISTS, DATA_IN_WORK_TREE, DATA_UNWRITABLE */
export function checkPlace(folder: string): void {
  const length = Buffer.byteLength(dataPaths(folder).socket)
  if (process.platform !== 'win32' && length > longestSocketPath) {
    throw serverError('DATA_UNWRITABLE', `the path of the administrative socket in \`${folder}\` would have ${length} bytes, and may have ${longestSocketPath}`, 'name a shorter folder with --data')
  }
  if (stands(folder)) throw serverError('DATA_EXISTS', `\`${folder}\` exists already, and nothing is overwritten`, 'name another folder with --data, or start the server that is there: exeat serve')
  const tree = workTreeAround(dirname(folder))
  if (tree === undefined) return
  throw serverError('DATA_IN_WORK_TREE', `\`${folder}\` lies in the git work tree \`${tree}\`, and it will hold keys`, 'name a folder outside of it with --data')
}

/**
 * Fills a folder of mode 0700. Whatever `fill` throws, nothing stands at `folder` afterwards; after a crash only a folder of another name is left, which
 * nothing opens.
 * @throws {ExeatError} DATA_UNWRITABLE, DATA_EXISTS
 */
export async function founded<T>(folder: string, fill: (temporary: string) => Promise<T>): Promise<T> {
  const temporary = beside(folder)
  try {
    const filled = await fill(temporary)
    syncFolder(join(temporary, fileNames.keys))
    syncFolder(join(temporary, fileNames.founders))
    syncFolder(temporary)
    moveInto(temporary, folder)
    return filled
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true })
    throw error
  }
}

function beside(folder: string): string {
  try {
    mkdirSync(dirname(folder), { recursive: true, mode: 0o700 })
    // Made with mode 0700 (mkdtemp(3)).
    const temporary = mkdtempSync(`${folder}.founding-`)
    for (const name of [fileNames.keys, fileNames.founders]) mkdirSync(join(temporary, name), { mode: 0o700 })
    return temporary
  } catch (cause) {
    throw serverError('DATA_UNWRITABLE', `no folder can be made beside \`${folder}\`: ${systemCode(cause)}`)
  }
}

function moveInto(temporary: string, folder: string): void {
  // rename(2) would replace an empty folder that appeared meanwhile.
  if (stands(folder)) throw serverError('DATA_EXISTS', `\`${folder}\` appeared meanwhile, and nothing is overwritten`)
  try {
    renameSync(temporary, folder)
    syncFolder(dirname(folder))
  } catch (cause) {
    throw serverError('DATA_UNWRITABLE', `the new folder cannot be moved to \`${folder}\`: ${systemCode(cause)}`)
  }
}
