"""The style of question sheets: numbers large enough to read on paper, and cells large enough to write in."""

__all__ = ["ANSWERS", "SHEETS"]

_HEADS = "font-size:.8rem;font-weight:400;color:var(--muted);padding:0 .5em;text-align:center"
_TABLES = f"""
figure{{margin:0;max-width:100%;overflow-x:auto}}
figcaption,.number{{display:flex;align-items:center;gap:.4em;white-space:nowrap;min-height:1.8rem}}
.asked figcaption{{min-height:2.3rem}}
.asked .row{{align-items:flex-start;gap:1.1rem 2.25rem}}
.asked table{{border-collapse:collapse}}
.asked th{{{_HEADS}}}
@media print{{
figure{{break-inside:avoid;overflow:visible}}
}}
"""

ANSWERS = f"""{_TABLES}
.filled td{{border:1px solid var(--muted);padding:.1em .5em;text-align:right;font-variant-numeric:tabular-nums}}
.asked thead td{{border:0}}
"""

SHEETS = f"""{_TABLES}
.student{{display:none}}
.student::after{{content:"";display:inline-block;width:55mm;border-bottom:1px solid;margin-left:2mm}}
.statement{{padding-left:1.2rem}}
.row{{align-items:flex-start;gap:1.1rem 2.25rem}}
.matrix th{{{_HEADS}}}
.matrix tbody tr td:first-child{{border-left:var(--stroke) solid var(--ink)}}
.matrix tbody tr:first-child td:first-child{{--lt:var(--ink)}}
.matrix tbody tr:last-child td:first-child{{--lb:var(--ink)}}
.matrix tbody tr td:first-child+td{{border-left:0;--lt:#0000!important;--lb:#0000!important}}
.blanks .blank{{border:1px solid var(--muted);width:5.5rem;min-width:5.5rem;height:2.4rem}}
@media print{{
.matrix thead{{display:table-header-group}}
.matrix th{{display:table-cell}}
html{{font-size:11pt;line-height:1.4}}
h1{{font-size:16pt;margin:0 0 1mm}}
h2{{font-size:12pt;margin:5mm 0 2mm}}
h2{{break-after:avoid}}
.source,.note{{font-size:9pt}}
.student{{display:block;text-align:right;margin:0 0 4mm}}
}}
"""
