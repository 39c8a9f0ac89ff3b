"""The page of vendors' columns."""


def vendor_columns_page() -> str:
    return ""
