"""What both programs' web pages share: tokens, components, templates, translation, form safety."""
