from html import escape


def format_html_join(separator, text, rows):
    return separator.join(text.format(*(escape(str(it)) for it in row)) for row in rows)
