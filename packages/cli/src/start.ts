/**
 * Where the built command begins. Node compiles what it loads anew at each start; told where, it keeps the result, which is a fifth of a small run.
 * It is kept in the cache's folder under the cache's rule (in CI none unless `EXEAT_CACHE_DIR` names one), and only where that folder is there and private.
 */
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { cacheDirectory, isPrivateFolder } from '@exeat/git/cache-directory'

const folder = cacheDirectory(process.env, process.platform)
if (folder !== undefined && isPrivateFolder(folder)) enableCompileCache(join(folder, 'code'))
void import('./main.ts')
