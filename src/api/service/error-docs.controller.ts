import { Controller, Get, Header } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Marked } from 'marked';
import { gfmHeadingId } from 'marked-gfm-heading-id';
import { readFile } from 'node:fs/promises';
import { packageFile } from '../../shared/package-file.js';

const page = (body: string): string => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<link rel="icon" href="data:,">
<title>Errors of batch-jobs</title>
<style>
  body { font: 1rem/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
  h2 { margin-top: 2.5rem; } h2:target { background: #fff3bf; }
  table { border-collapse: collapse; } td, th { border: 1px solid #ccc; padding: .25rem .5rem; text-align: left; }
  code, pre { background: #f4f4f4; } pre { padding: .75rem; overflow: auto; }
</style>
${body}
</html>`;

/** Serves `docs/errors.md`, where the `type` of every problem points to. */
@ApiExcludeController()
@Controller('docs')
export class ErrorDocsController {
  private readonly html = this.render();

  @Get('errors')
  @Header('Content-Type', 'text/html; charset=utf-8')
  show(): Promise<string> {
    return this.html;
  }

  private async render(): Promise<string> {
    const markdown = await readFile(packageFile('docs/errors.md'), 'utf8');
    return page(await new Marked(gfmHeadingId()).parse(markdown));
  }
}
