/** Before any schema is made: the library would try to compile them, which the page's policy forbids and reports. */
import * as z from 'zod'

z.config({ jitless: true })
