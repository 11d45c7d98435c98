class HttpResponse(dict):
    def __init__(self, content="", status=200, content_type="text/html"):
        super().__init__({"Content-Type": content_type})
        self.content = content.encode()
        self.status_code = status
