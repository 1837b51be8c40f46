"""The style of question sheets: numbers large enough to read on paper, and cells large enough to write in."""

__all__ = ["SHEETS"]

SHEETS = """
.student{display:none}
.student::after{content:"";display:inline-block;width:55mm;border-bottom:1px solid;margin-left:2mm}
.statement{padding-left:1.2rem}
figure{margin:0;max-width:100%;overflow-x:auto}
figcaption,.number{display:flex;align-items:center;gap:.4em;white-space:nowrap;min-height:1.8rem}
.asked figcaption{min-height:2.3rem}
.row{align-items:flex-start;gap:1.1rem 2.25rem}
.matrix th,.blanks th{font-size:.8rem;font-weight:400;color:var(--muted);padding:0 .5em;text-align:center}
.matrix tbody tr td:first-child{border-left:var(--stroke) solid var(--ink)}
.matrix tbody tr:first-child td:first-child{--lt:var(--ink)}
.matrix tbody tr:last-child td:first-child{--lb:var(--ink)}
.matrix tbody tr td:first-child+td{border-left:0;--lt:#0000!important;--lb:#0000!important}
.blanks{border-collapse:collapse}
.blanks .blank{border:1px solid var(--muted);width:5.5rem;min-width:5.5rem;height:2.4rem}
@media print{
.matrix thead{display:table-header-group}
.matrix th{display:table-cell}
html{font-size:11pt;line-height:1.4}
h1{font-size:16pt;margin:0 0 1mm}
h2{font-size:12pt;margin:5mm 0 2mm}
h2{break-after:avoid}
.source,.note{font-size:9pt}
figure{break-inside:avoid;overflow:visible}
.student{display:block;text-align:right;margin:0 0 4mm}
}
"""
